//! The words of the reports. Each figure is defined here as `shared::api::Report` defines it.

texts! {
    title: "Reports" / "Rapports";
    lead: "Conversations that began on these days. Days and hours are told in the time zone {zone}." / "Conversations commencées ces jours-là. Jours et heures sont ceux du fuseau {zone}.";
    from: "From" / "Du";
    until: "To" / "Au";
    all_sites: "All sites" / "Tous les sites";
    show: "Show" / "Afficher";
    range_wrong: "Choose two days, the second no earlier than the first and at most 366 days in all." / "Choisissez deux jours, le second au plus tôt le même jour, 366 jours au plus en tout.";
    cut: "There were more conversations than one report looks at: these are the latest. Choose fewer days." / "Il y a eu plus de conversations qu’un rapport n’en examine : voici les dernières. Choisissez moins de jours.";
    conversations: "Conversations" / "Conversations";
    conversations_is: "How many began." / "Combien ont commencé.";
    answered: "Answered" / "Prises en charge";
    answered_is: "How many an agent has had." / "Combien un agent a eues.";
    abandoned: "Abandoned" / "Abandonnées";
    abandoned_is: "How many waited in the queue and ended, or were left by their visitor, before any agent had them." / "Combien ont attendu dans la file et se sont terminées, ou ont été quittées par leur visiteur, avant qu’un agent les ait.";
    messages: "Messages" / "Messages";
    messages_is: "How many began while nobody was there, and were kept as messages." / "Combien ont commencé alors que personne n’était là, et ont été gardées comme messages.";
    waiting: "Waiting time" / "Temps d’attente";
    waiting_is: "All time in the queue before an agent first had it. Of conversations that waited and were had." / "Tout le temps dans la file avant qu’un agent ne l’ait. Des conversations qui ont attendu et ont été prises.";
    response: "First response" / "Première réponse";
    response_is: "From the visitor’s first message to the first message of an agent." / "Du premier message du visiteur au premier message d’un agent.";
    handling: "Handling time" / "Temps de traitement";
    handling_is: "All time during which it occupied a slot. Of conversations that an agent had." / "Tout le temps pendant lequel elle a occupé une place. Des conversations qu’un agent a eues.";
    rating: "Rating" / "Note";
    rating_is: "Mean of the last rating of each conversation that was rated, 1 to 5." / "Moyenne de la dernière note de chaque conversation notée, de 1 à 5.";
    slots: "Slot use" / "Places utilisées";
    slots_is: "Time during which these conversations occupied slots, divided by the time that agents were online times their slots, on these days." / "Temps pendant lequel ces conversations ont occupé des places, divisé par le temps en ligne des agents multiplié par leurs places, ces jours-là.";
    median: "median" / "médiane";
    nine_tenths: "9 of 10 within {time}" / "9 sur 10 en {time}";
    of_count: "{count} of them" / "{count} concernées";
    by_day: "By day" / "Par jour";
    by_hour: "By hour of the day" / "Par heure de la journée";
    by_page: "By page" / "Par page";
    by_agent: "By agent" / "Par agent";
    day: "Day" / "Jour";
    hour: "Hour" / "Heure";
    agent: "Agent" / "Agent";
    agent_response: "Response" / "Réponse";
    agents_are: "Response counts from a conversation’s becoming theirs to their first message after that; handling time, while it occupied a slot of theirs; the rating is of conversations that they had last." / "La réponse compte du moment où la conversation devient la leur à leur premier message ensuite ; le traitement, tant qu’elle occupe une de leurs places ; la note est celle des conversations qu’ils ont eues en dernier.";
    chart: "{title}: {count} conversations, at most {most}" / "{title} : {count} conversations, au plus {most}";
    table: "Table" / "Tableau";
    no_page: "(unknown page)" / "(page inconnue)";
    csv: "CSV: {title}" / "CSV : {title}";
    empty: "No conversations began on these days. Choose other days or another site." / "Aucune conversation n’a commencé ces jours-là. Choisissez d’autres jours ou un autre site.";
}
