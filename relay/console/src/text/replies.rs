//! The words about canned replies.

texts! {
    title: "Canned replies" / "Réponses types";
    lead: "What you write often: type / and its shortcut in a chat. {places} stand for the names." / "Ce que vous écrivez souvent : tapez / et son raccourci dans une conversation. {places} remplacent les noms.";
    none: "There are none yet. Try one called hours, which says when you are there." / "Il n’y en a pas encore. Essayez-en une appelée horaires, qui dit quand vous êtes là.";
    list: "All of them" / "Toutes";
    new: "New reply" / "Nouvelle réponse";
    changing: "Change /{shortcut}" / "Modifier /{shortcut}";
    shortcut: "Shortcut" / "Raccourci";
    shortcut_hint: "Up to {count} letters, digits, - and _" / "Jusqu’à {count} lettres, chiffres, - et _";
    text: "Text" / "Texte";
    site: "Site" / "Site";
    all_sites: "All sites" / "Tous les sites";
    shared: "For everybody" / "Pour tout le monde";
    own: "Yours" / "La vôtre";
    save: "Save" / "Enregistrer";
    change: "Change" / "Modifier";
    change_one: "Change /{shortcut}" / "Modifier /{shortcut}";
    remove: "Remove" / "Retirer";
    remove_one: "Remove /{shortcut}" / "Retirer /{shortcut}";
    removed: "Removed" / "Retirée";
    wrong_shortcut: "A shortcut is one word of letters, digits, - and _." / "Un raccourci est un seul mot de lettres, chiffres, - et _.";
    no_text: "Write what the reply says." / "Écrivez ce que dit la réponse.";
    long_text: "The text is longer than a message may be." / "Le texte est plus long qu’un message ne peut l’être.";
    taken: "There is a reply with this shortcut already." / "Une réponse a déjà ce raccourci.";
    full: "There is no room for more: remove one first." / "Il n’y a plus de place : retirez-en une d’abord.";
    found: "{count} canned replies: arrow keys choose, Enter puts in, Esc closes" / "{count} réponses types : flèches pour choisir, Entrée pour insérer, Échap pour fermer";
    not_found: "No canned reply begins like this. You make them under Settings." / "Aucune réponse type ne commence ainsi. Vous les créez dans les Réglages.";
}
