//! The words about visitors who are kept out.

texts! {
    block: "Block" / "Bloquer";
    ask: "Block…" / "Bloquer…";
    title: "Block this visitor" / "Bloquer ce visiteur";
    lead: "The chat ends, and they cannot begin another one." / "La conversation se termine, et cette personne ne peut pas en commencer une autre.";
    whom: "Whom" / "Qui";
    only_them: "This visitor" / "Ce visiteur";
    their_network: "Everybody from their network, too" / "Tout son réseau également";
    network_hint: "Whoever empties their browser comes back as somebody else; neighbours on the same network are kept out with them." / "Qui vide son navigateur revient sous une autre identité ; les voisins du même réseau sont bloqués aussi.";
    how_long: "For" / "Pendant";
    a_day: "A day" / "Un jour";
    a_week: "A week" / "Une semaine";
    a_month: "30 days" / "30 jours";
    for_good: "Good" / "Toujours";
    until: "Blocked until {date} by {name}." / "Bloqué jusqu’au {date} par {name}.";
    is_for_good: "Blocked for good by {name}." / "Bloqué définitivement par {name}.";
    lift: "Unblock" / "Débloquer";
    lift_of: "Unblock {name}" / "Débloquer {name}";
    list: "Blocked visitors" / "Visiteurs bloqués";
    list_lead: "They are told that the chat is not available. A block is made beside the chat." / "Ils lisent que le chat n’est pas disponible. Le blocage se fait à côté de la conversation.";
    nobody: "Nobody is blocked." / "Personne n’est bloqué.";
    since: "Since {date}" / "Depuis le {date}";
}
