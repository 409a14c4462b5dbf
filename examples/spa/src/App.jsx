import { useEffect, useState } from "react";
import { openChat, pageChanged, signedIn, signedOut } from "./chat.js";

const PAGES = {
  "/": { title: "Kiln & Clay", text: "Stoneware made to be used every day." },
  "/pots": { title: "Pots", text: "Bowls, cups and vases, thrown by hand in small batches." },
  "/visit": { title: "Visit us", text: "The workshop is open Thursday to Saturday, ten to six." },
};

export function App() {
  const [path, setPath] = useState(location.pathname);
  const [person, setPerson] = useState(null);
  const page = PAGES[path] ?? PAGES["/"];

  useEffect(() => {
    const back = () => setPath(location.pathname);
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  useEffect(() => {
    document.title = page.title;
    pageChanged();
  }, [page]);

  const go = event => {
    event.preventDefault();
    history.pushState(null, "", event.currentTarget.href);
    setPath(location.pathname);
  };
  const signIn = async () => {
    await signedIn("Ada");
    setPerson("Ada");
  };
  const signOut = async () => {
    await signedOut();
    setPerson(null);
  };

  return (
    <>
      <nav>
        {Object.entries(PAGES).map(([to, { title }]) => (
          <a key={to} href={to} onClick={go}>{title}</a>
        ))}
        {person ? <button onClick={signOut}>Sign out</button> : <button onClick={signIn}>Sign in</button>}
      </nav>
      <main>
        <h1>{page.title}</h1>
        <p>{page.text}</p>
        {person && <p>Signed in as {person}.</p>}
        <button onClick={openChat}>Ask us</button>
      </main>
    </>
  );
}
