//! The words of notifications and of the settings page about them.

texts! {
    title: "Notifications" / "Notifications";
    lead: "How this browser tells you that something has happened. What you read in one tab, no other tab tells you of." / "Comment ce navigateur vous signale ce qui se passe. Ce que vous lisez dans un onglet n’est plus signalé par les autres.";
    how: "How" / "Comment";
    sound: "Play a sound" / "Jouer un son";
    play: "Play it" / "L’écouter";
    silent: "The browser plays no sound here. Check whether the tab is muted." / "Le navigateur ne joue aucun son ici. Vérifiez que l’onglet n’est pas muet.";
    desktop: "Show desktop notifications" / "Afficher des notifications sur le bureau";
    ask: "Ask the browser for permission" / "Demander l’autorisation au navigateur";
    ask_lead: "Desktop notifications need the browser’s permission." / "Les notifications sur le bureau demandent l’autorisation du navigateur.";
    denied: "This browser was told to show no notifications of this page. You can change that beside its address." / "Ce navigateur a pour consigne de ne pas afficher de notifications de cette page. Vous pouvez changer cela à côté de l’adresse.";
    missing: "This browser shows no notifications at this address." / "Ce navigateur n’affiche pas de notifications à cette adresse.";
    count: "Count what is new in the tab’s title" / "Compter les nouveautés dans le titre de l’onglet";
    badge: "Count it on the tab’s icon" / "Les compter sur l’icône de l’onglet";
    what: "What for" / "Pour quoi";
    assigned: "A new chat is given to me" / "Une nouvelle conversation m’est confiée";
    messages: "A new message in my chats" / "Un nouveau message dans mes conversations";
    offers: "A colleague offers me a chat" / "Un collègue me propose une conversation";
    queue: "Somebody waits in the queue" / "Quelqu’un attend dans la file";
    hours: "Quiet hours" / "Heures calmes";
    hours_lead: "No sound and no notification then. Title and icon go on counting." / "Ni son ni notification pendant ce temps. Le titre et l’icône continuent de compter.";
    hours_on: "Keep quiet hours" / "Respecter des heures calmes";
    from: "From" / "De";
    until: "Until" / "À";
    begin: "They begin on" / "Elles commencent le";
    closed: "While the console is closed" / "Quand la console est fermée";
    closed_lead: "This browser can be notified while you have no console open. The notifications pass, encrypted, through the push service of the browser’s maker, for as long as you stay signed in here." / "Ce navigateur peut recevoir des notifications quand aucune console n’est ouverte. Elles passent, chiffrées, par le service de notification de l’éditeur du navigateur, tant que vous restez connecté ici.";
    closed_on: "Notify this browser" / "Notifier ce navigateur";
    closed_text: "Show what was written" / "Afficher ce qui a été écrit";
    no_push: "This browser does not know such notifications, or not at this address." / "Ce navigateur ne connaît pas ce type de notifications, ou pas à cette adresse.";
    push_failed: "The browser’s push service did not take part. Try again later." / "Le service de notification du navigateur n’a pas répondu. Réessayez plus tard.";
    // What notifications say
    given: "New chat: {name}" / "Nouvelle conversation : {name}";
    wrote: "New message from {name}" / "Nouveau message de {name}";
    waits: "{name} is waiting" / "{name} attend";
    offered: "{from} offers you the chat with {name}" / "{from} vous propose la conversation avec {name}";
}
