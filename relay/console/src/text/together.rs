//! The words about working together: what others have, who else is here, whispers.

texts! {
    all: "All chats" / "Toutes les conversations";
    all_empty: "Nobody else has a chat." / "Personne d’autre n’a de conversation.";
    show_all: "Show all chats of the team" / "Afficher toutes les conversations de l’équipe";
    with: "With {name}" / "Avec {name}";
    take_over: "Take over" / "Reprendre";
    event_taken_over: "{agent} stepped in and took the chat" / "{agent} est intervenu et a pris la conversation";
    whisper: "Whisper" / "Chuchoter";
    send_whisper: "Send whisper" / "Envoyer le chuchotement";
    whisper_to: "Whisper to {name}" / "Chuchotement à {name}";
    whisper_hint: "Only your team sees this; it is meant for {name}" / "Seule votre équipe voit ceci ; c’est destiné à {name}";
    write_whisper: "Tell {name} something…" / "Dites quelque chose à {name}…";
    also_here: "Also here: {names}" / "Aussi ici : {names}";
    also_writes: "{names} writes…" / "{names} écrit…";
    also_write: "{names} write…" / "{names} écrivent…";
    oldest: "Waits longest" / "Attend le plus";
    due_for: "An answer is due for {time}" / "Réponse attendue depuis {time}";
    key_take_over: "Take the chat over from a colleague" / "Reprendre la conversation d’un collègue";
    key_whisper: "Whisper to the agent who has the chat" / "Chuchoter à l’agent qui a la conversation";
    act_whisper: "Whisper to the agent who has a chat" / "Chuchoter à l’agent qui a une conversation";
    act_take_over: "Take chats over from others" / "Reprendre les conversations des autres";
    took_over: "Chat taken over" / "Conversation reprise";
    mentions: "For you" / "Pour vous";
    mentions_you: "{name} names you" / "{name} vous mentionne";
    whispers_you: "{name} whispers" / "{name} chuchote";
    colleagues: "Colleagues" / "Collègues";
    found: "{count} colleagues" / "{count} collègues";
    note_names: "Only your team sees this; @ names a colleague" / "Seule votre équipe voit ceci ; @ mentionne un collègue";
    key_mention: "Open the first conversation that names you" / "Ouvrir la première conversation qui vous mentionne";
    delivered: "Delivered" / "Distribué";
    show_earlier: "Show the conversation before" / "Afficher la conversation précédente";
    earlier_of: "Conversation of {date}" / "Conversation du {date}";
    this_one: "This conversation" / "Cette conversation";
    drafts: "Agents see what visitors are writing before they send it" / "Les agents voient ce que les visiteurs écrivent avant l’envoi";
}
