//! The words of the composer: files, emoji, undoing, changing, and the marks of a text.

texts! {
    // Files
    attach: "Attach files" / "Joindre des fichiers";
    files: "Files on their way" / "Fichiers en cours d’envoi";
    drop_here: "Drop to send to the visitor" / "Déposez pour envoyer au visiteur";
    not_here: "Files go to the visitor: for that the chat has to be yours, and the note switched off." / "Les fichiers vont au visiteur : la conversation doit être la vôtre, et la note désactivée.";
    uploading: "Uploading {name}" / "Envoi de {name}";
    cancel_upload: "Cancel {name}" / "Annuler {name}";
    retry_upload: "Try {name} again" / "Réessayer {name}";
    too_large: "{name} is too large: a file may have {most} at most. Send a smaller one, or a link to it." / "{name} est trop volumineux : {most} au plus par fichier. Envoyez-en un plus petit, ou un lien.";
    too_large_somehow: "{name} is too large. Send a smaller file, or a link to it." / "{name} est trop volumineux. Envoyez un fichier plus petit, ou un lien.";
    empty_file: "{name} is empty: there is nothing to send." / "{name} est vide : il n’y a rien à envoyer.";
    wrong_type: "{name} is of a type that this relay does not take. Pack it into an archive, or send a link to it." / "{name} est d’un type que ce relais n’accepte pas. Mettez-le dans une archive, ou envoyez un lien.";
    busy: "{name} waits: too many files are being sent. Try again in a moment." / "{name} attend : trop de fichiers sont envoyés. Réessayez dans un instant.";
    no_room: "The relay cannot keep {name} now. Try again later, or tell an admin that its disk may be full." / "Le relais ne peut pas conserver {name} pour l’instant. Réessayez plus tard, ou signalez à un administrateur que son disque est peut-être plein.";
    not_uploaded: "{name} could not be sent. Check your connection and try again." / "{name} n’a pas pu être envoyé. Vérifiez votre connexion et réessayez.";
    at_most: "{count} files at a time: {over} were left out." / "{count} fichiers à la fois : {over} ont été laissés de côté.";
    a_file: "File" / "Fichier";
    // Emoji
    emoji: "Emoji" / "Émojis";
    find_emoji: "Find an emoji" / "Chercher un émoji";
    emoji_found: "{count} emoji" / "{count} émojis";
    no_emoji: "No emoji is called that. Try another word, such as “smile”." / "Aucun émoji de ce nom. Essayez un autre mot, par exemple « sourire ».";
    // Undo
    held: "Not sent yet" / "Pas encore envoyé";
    undo: "Undo" / "Annuler l’envoi";
    send_now: "Send now" / "Envoyer tout de suite";
    undo_title: "Undo send" / "Annulation d’envoi";
    undo_lead: "Your messages then wait 5 seconds before they go, and you can undo them. Leaving the page sends them." / "Vos messages attendent alors 5 secondes avant de partir, et vous pouvez les annuler. Quitter la page les envoie.";
    undo_wish: "Hold my messages for 5 seconds" / "Retenir mes messages pendant 5 secondes";
    // Changing the last message
    change: "Change" / "Modifier";
    take_back: "Take back" / "Retirer";
    changing: "Change message" / "Modifier le message";
    save_change: "Save" / "Enregistrer";
    // Marks
    marks_hint: "**bold** *italic* `code` - list [text](link)" / "**gras** *italique* `code` - liste [texte](lien)";
}
