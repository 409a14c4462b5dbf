//! The words of the history: searching, tags, transcripts.

texts! {
    title: "History" / "Historique";
    search: "Search" / "Rechercher";
    search_hint: "Words in messages, notes and file names. Accents and case do not count; put words that belong together between double quotes." / "Mots des messages, notes et noms de fichiers. Accents et majuscules ne comptent pas ; mettez entre guillemets droits les mots qui vont ensemble.";
    text: "Text" / "Texte";
    filters: "Filters" / "Filtres";
    agent: "Agent" / "Agent";
    anybody: "Anybody" / "Tous";
    tag: "Tag" / "Étiquette";
    any: "Any" / "Tous";
    rating: "Rating" / "Note";
    state: "State" / "État";
    page_part: "Part of the page’s address" / "Partie de l’adresse de la page";
    from: "From" / "Du";
    until: "To" / "Au";
    clear: "Clear" / "Effacer";
    results: "Results" / "Résultats";
    nothing: "Nothing was found. Try fewer words, or clear the filters." / "Aucun résultat. Essayez moins de mots ou effacez les filtres.";
    nothing_yet: "There are no conversations yet. Once visitors have written, everything they said is found here." / "Il n’y a pas encore de conversation. Dès que des visiteurs auront écrit, tout se retrouve ici.";
    found: "{count} shown" / "{count} affichés";
    more: "Show more" / "Afficher plus";
    indexing: "Older messages are still being indexed: some may be missing for a few minutes." / "D’anciens messages sont encore en cours d’indexation : il peut en manquer pendant quelques minutes.";
    choose: "Choose a result to read the whole conversation." / "Choisissez un résultat pour lire toute la conversation.";
    saved: "Saved searches" / "Recherches enregistrées";
    save: "Save this search" / "Enregistrer cette recherche";
    save_name: "Name of the search" / "Nom de la recherche";
    keep: "Save" / "Enregistrer";
    forget: "Delete the search {name}" / "Supprimer la recherche {name}";
    rated: "Rated {score} of 5" / "Noté {score} sur 5";
    reading: "Conversation, read only" / "Conversation, en lecture seule";
    as_text: "Text" / "Texte";
    as_json: "JSON" / "JSON";
    print: "Print" / "Imprimer";
    transcript: "Transcript" / "Transcription";
    tags: "Tags" / "Étiquettes";
    add_tag: "Add a tag" / "Ajouter une étiquette";
    remove_tag: "Remove the tag {tag}" / "Retirer l’étiquette {tag}";
    event_tagged: "Tagged {tags}" / "Étiquetée {tags}";
    event_untagged: "Tag removed: {tags}" / "Étiquette retirée : {tags}";
}
