//! The words about what is known of a visitor.

texts! {
    device: "Device" / "Appareil";
    since: "Known since" / "Connu depuis";
    edit: "Edit" / "Modifier";
    save: "Save" / "Enregistrer";
    vouched_for: "Name and email come from the site, which vouches for them." / "Le nom et l’e-mail viennent du site, qui s’en porte garant.";
    nothing: "—" / "—";
    number_wrong: "“{label}” takes a number, such as 12.5." / "« {label} » attend un nombre, comme 12.5.";
    // Attributes
    attributes: "From the site" / "Transmis par le site";
    signed: "signed" / "signé";
    attributes_hint: "What is marked as signed comes from the site’s server. Anything else a page has said, and anybody can make that up." / "Ce qui est marqué comme signé vient du serveur du site. Le reste vient d’une page, et n’importe qui peut l’inventer.";
    // Pages
    pages: "Pages visited" / "Pages consultées";
    pages_none: "None yet." / "Aucune pour l’instant.";
    rated: "Rated {score} of 5" / "Noté {score} sur 5";
    // The same person
    twins: "The same person?" / "La même personne ?";
    twins_lead: "These visitors of the site have the same email address." / "Ces visiteurs du site ont la même adresse e-mail.";
    twin: "Conversations: {count}, last heard of on {date}" / "Conversations : {count}, dernière nouvelle le {date}";
    merge: "Merge…" / "Fusionner…";
    merge_with: "Merge with {name}…" / "Fusionner avec {name}…";
    merge_title: "Merge these visitors?" / "Fusionner ces visiteurs ?";
    merge_lead: "{name} and this visitor become one person, for good: their conversations, notes and pages come together, and of two open chats one goes on." / "{name} et ce visiteur deviennent une seule personne, définitivement : leurs conversations, notes et pages sont réunies, et de deux discussions ouvertes une seule continue.";
    merge_browsers: "Whoever uses one of their browsers then reads all of it. Be sure." / "Qui utilise l’un de leurs navigateurs lira alors tout. Soyez-en sûr.";
    merge_signed: "All of it is then read by whoever signs in at the site as them, and in no other browser." / "Tout sera alors lu par qui se connecte au site sous ce compte, et dans aucun autre navigateur.";
    merge_now: "Merge for good" / "Fusionner définitivement";
    merge_state: "Not now: they are chatting without having signed in, or the site vouches for both. Try again when they are gone." / "Pas maintenant : cette personne discute sans s’être connectée, ou le site se porte garant des deux. Réessayez après son départ.";
    both_signed: "The site vouches for both: only the site can say that they are one." / "Le site se porte garant des deux : lui seul peut dire qu’ils ne font qu’un.";
    // What a site wants to know
    wants: "What you keep of visitors" / "Ce que vous notez des visiteurs";
    wants_lead: "Fields that your team fills in beside the chat. Visitors do not see them." / "Des champs que votre équipe remplit à côté de la discussion. Les visiteurs ne les voient pas.";
    kind_number: "A number" / "Un nombre";
    kind_date: "A day" / "Une date";
    keeps_pages: "Keep the last {count} pages that visitors with a chat have visited" / "Garder les {count} dernières pages consultées par les visiteurs qui discutent";
    keeps_pages_hint: "They are part of the visitor’s export and erased with them. Tell your visitors so in your privacy notice." / "Elles figurent dans l’export du visiteur et sont effacées avec lui. Dites-le à vos visiteurs dans votre politique de confidentialité.";
}
