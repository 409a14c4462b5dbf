//! The words of the page of visitors who are on the sites now.

texts! {
    title: "Visitors" / "Visiteurs";
    lead: "Who is on your sites now. Nothing of it is kept." / "Qui est sur vos sites en ce moment. Rien n’en est conservé.";
    count: "On the sites now: {count}" / "Sur les sites en ce moment : {count}";
    shown: "shown: {count}" / "affichés : {count}";
    filter: "Filter by page" / "Filtrer par page";
    all_sites: "All sites" / "Tous les sites";
    nobody: "Nobody is there right now. Visitors show up here as soon as they open a page." / "Personne pour le moment. Les visiteurs apparaissent ici dès qu’ils ouvrent une page.";
    no_match: "Nobody is on such a page." / "Personne n’est sur une telle page.";
    off: "No site wants to know who is there. An admin turns it on for a site on the page Install, under “What you keep of visitors”." / "Aucun site ne demande à savoir qui est présent. Un administrateur l’active pour un site sur la page Installation, sous « Ce que vous notez des visiteurs ».";
    here_for: "here for {time}" / "ici depuis {time}";
    from: "from {address}" / "venant de {address}";
    chatting: "in a chat" / "en discussion";
    waiting: "invited by {name}" / "invité par {name}";
    seen: "invited by {name}, not answered yet" / "invité par {name}, pas encore répondu";
    declined: "declined {name}’s invitation" / "a décliné l’invitation de {name}";
    accepted: "accepted {name}’s invitation" / "a accepté l’invitation de {name}";
    invite: "Invite to chat" / "Inviter à discuter";
    invite_on: "Invite to chat: {page}" / "Inviter à discuter : {page}";
    words: "What you say" / "Ce que vous dites";
    proposal: "Hello! Can I help you?" / "Bonjour ! Puis-je vous aider ?";
    send: "Send invitation" / "Envoyer l’invitation";
    sent: "Invited. They see it within half a minute." / "Invitation envoyée. Elle s’affiche en moins d’une demi-minute.";
    empty: "Write what they are to read." / "Écrivez ce qui doit s’afficher.";
    gone: "They have left the page." / "Cette personne a quitté la page.";
    taken: "Somebody has invited them, or they have a chat already." / "Cette personne est déjà invitée ou en discussion.";
    go_online: "Go online first: nobody is invited to whom nobody would answer." / "Passez d’abord en ligne : on n’invite pas quelqu’un à qui personne ne répondrait.";
    no_slot: "All your slots are taken." / "Toutes vos places sont prises.";
    wants_present: "Show agents who is on the site now, and let them invite visitors to chat" / "Montrer aux agents qui est sur le site et les laisser inviter les visiteurs à discuter";
    wants_present_hint: "Each open page of the site then tells the relay every half minute that it is there. Addresses are not kept, nothing is stored, and pages that wait for consent wait with this, too. Pinned script tags do not do it." / "Chaque page ouverte du site signale alors sa présence au relais toutes les trente secondes. Les adresses ne sont pas gardées, rien n’est enregistré, et les pages qui attendent un consentement attendent aussi pour cela. Les balises épinglées ne le font pas.";
}
