//! The words of the command palette.

texts! {
    title: "Go to, do, find" / "Aller à, faire, trouver";
    find: "Page, action, visitor or canned reply" / "Page, action, visiteur ou réponse type";
    results: "What fits" / "Ce qui correspond";
    found: "{count} fit" / "{count} résultats";
    nothing: "Nothing is called that. Try a page, an action such as “note”, or a visitor’s name." / "Rien ne porte ce nom. Essayez une page, une action comme « note », ou le nom d’un visiteur.";
    page: "Page" / "Page";
    action: "Action" / "Action";
    reply: "Canned reply" / "Réponse type";
    key_ends: "First or last of the list" / "Début ou fin de la liste";
    change: "Change the last message" / "Modifier le dernier message";
    take_back: "Take the last message back" / "Retirer le dernier message";
    undo: "Undo the message that is not sent yet" / "Annuler le message pas encore envoyé";
    emoji: "Choose an emoji" / "Choisir un émoji";
}
