//! The words about teams, and about what the desk of a site goes by.

texts! {
    // Teams
    teams: "Teams" / "Équipes";
    teams_lead: "A chat that is for a team is given to its members, as long as one of them is online. Agents hand chats over to teams, and routing rules send new ones." / "Une conversation destinée à une équipe est confiée à ses membres, tant que l’un d’eux est en ligne. Les agents transfèrent des conversations aux équipes, et les règles d’aiguillage leur en envoient de nouvelles.";
    teams_none: "There are no teams yet: every chat is for everybody." / "Il n’y a pas encore d’équipe : chaque conversation est pour tout le monde.";
    new_team: "New team" / "Nouvelle équipe";
    change_team: "Change {name}" / "Modifier {name}";
    remove_team: "Remove {name}" / "Retirer {name}";
    team_name: "Name of the team" / "Nom de l’équipe";
    members: "Members" / "Membres";
    member_count: "{count} members, {online} online" / "{count} membres, dont {online} en ligne";
    team_sites: "Takes chats of" / "Prend les conversations de";
    team_sites_hint: "None chosen: of all sites" / "Aucun choisi : de tous les sites";
    save: "Save" / "Enregistrer";
    change: "Change" / "Modifier";
    remove: "Remove" / "Retirer";
    removed: "Removed" / "Retirée";
    name_wrong: "A name has 1 to 80 characters, and no other team has it." / "Un nom compte de 1 à 80 caractères, et aucune autre équipe ne le porte.";
    team_wrong: "The name is taken, or a routing rule needs another of its sites." / "Le nom est déjà pris, ou une règle d’aiguillage a besoin d’un autre de ses sites.";
    team_routed: "A routing rule sends chats to this team: change the rule first." / "Une règle d’aiguillage envoie des conversations à cette équipe : modifiez d’abord la règle.";
    languages: "Languages of {name}" / "Langues de {name}";
    languages_hint: "Such as fr, en. Empty: chats in all languages." / "Par exemple fr, en. Vide : conversations dans toutes les langues.";
    languages_wrong: "Write languages by their short names, such as fr, en." / "Indiquez les langues par leur code, par exemple fr, en.";
    to_team: "Team {name}" / "Équipe {name}";
    online_count: "{online} online" / "{online} en ligne";
    team_empty: "nobody online: it goes to everybody" / "personne en ligne : ouverte à tous";
    // Urgency
    urgency: "Urgency" / "Urgence";
    raise: "More urgent" / "Plus urgente";
    lower: "Less urgent" / "Moins urgente";
    urgency_most: "Most urgent" / "Très urgente";
    urgency_more: "Urgent" / "Urgente";
    urgency_usual: "As usual" / "Normale";
    urgency_less: "Can wait" / "Peut attendre";
    urgency_least: "Can wait long" / "Peut attendre longtemps";
    // Events
    event_routed: "For the team {name}" / "Pour l’équipe {name}";
    event_prioritized: "Urgency: {word}" / "Urgence : {word}";
    event_outside: "Kept as a message: outside opening hours" / "Gardée comme message : hors des heures d’ouverture";
    event_requeued_inactive: "Waits again: the agent is not at the console" / "De nouveau en attente : l’agent n’est pas devant sa console";
    event_parked_inactive: "Set aside: the agent is not at the console" / "Mise de côté : l’agent n’est pas devant sa console";
    // Away
    away_why: "Why?" / "Pourquoi ?";
    away_note: "In your own words" / "En quelques mots";
    away_break: "Break" / "Pause";
    away_meal: "Meal" / "Repas";
    away_meeting: "Meeting" / "Réunion";
    away_training: "Training" / "En formation";
    away_work: "Other work" / "Autre travail";
    away_other: "Something else" / "Autre chose";
    away_inactive: "inactive" / "inactif";
    away_unanswered: "left a chat unanswered" / "a laissé une conversation sans réponse";
    set_away_inactive: "You were not at the console for long, so you are away. Unanswered chats were given back." / "Vous n’étiez plus devant la console : vous voilà absent. Les conversations sans réponse ont été rendues.";
    set_away_unanswered: "A chat that you were given stayed unanswered, so you are away." / "Une conversation reçue est restée sans réponse : vous voilà absent.";
    picked_hint: "Take the chats of {sites} yourself: they are not handed out." / "Prenez vous-même les conversations de {sites} : elles ne sont pas distribuées.";
    // Why
    why_nobody: "Nobody is online." / "Personne n’est en ligne.";
    why_preferred: "It waits for {name}, who had it before, for another {seconds} s." / "Elle attend {name}, qui s’en occupait, encore {seconds} s.";
    why_picked: "Chats of this site are taken by hand, and nobody has taken this one yet." / "Les conversations de ce site se prennent à la main, et personne n’a encore pris celle-ci.";
    why_given_up: "Everybody with a free slot has handed it over or left it unanswered before." / "Tous ceux qui ont une place libre l’ont déjà rendue ou laissée sans réponse.";
    why_team: "It is for the team {name}, and everybody of it who is online ({agents}) is busy." / "Elle est pour l’équipe {name}, dont tous les membres en ligne ({agents}) sont occupés.";
    why_language: "It is in the language {name}, and everybody online who speaks it ({agents}) is busy." / "Elle est dans la langue {name}, et tous ceux qui la parlent en ligne ({agents}) sont occupés.";
    why_busy: "All slots of everybody online ({agents}) are taken." / "Toutes les places des agents en ligne ({agents}) sont prises.";
    why_urgent: "More urgent ones go first." / "De plus urgentes passent d’abord.";
    why_behind: "Others have waited longer." / "D’autres attendent depuis plus longtemps.";
    why_next: "It is next." / "C’est la prochaine.";
    // The page
    title: "Queue and hours" / "File et horaires";
    lead: "How chats of a site come to agents, when somebody is there, and for whom chats are." / "Comment les conversations d’un site arrivent aux agents, quand quelqu’un est là, et à qui elles sont destinées.";
    assigning: "Handing out" / "Distribution";
    automatic: "By itself" / "Automatique";
    automatic_lead: "The next one goes to whoever has most free slots." / "La prochaine va à qui a le plus de places libres.";
    pick: "By hand" / "À la main";
    pick_lead: "Agents take chats from the queue. A visitor who comes back is still given to their agent." / "Les agents prennent les conversations dans la file. Un visiteur qui revient est toujours confié à son agent.";
    hours: "Opening hours" / "Heures d’ouverture";
    hours_lead: "Outside them visitors leave a message, and are told when you are back." / "En dehors, les visiteurs laissent un message et apprennent quand vous revenez.";
    has_hours: "There are opening hours" / "Il y a des heures d’ouverture";
    time_zone: "Time zone" / "Fuseau horaire";
    spans_hint: "Such as 09:00–12:00, 14:00–18:00. Empty: closed." / "Par exemple 09:00–12:00, 14:00–18:00. Vide : fermé.";
    closed: "closed" / "fermé";
    monday: "Monday" / "Lundi";
    tuesday: "Tuesday" / "Mardi";
    wednesday: "Wednesday" / "Mercredi";
    thursday: "Thursday" / "Jeudi";
    friday: "Friday" / "Vendredi";
    saturday: "Saturday" / "Samedi";
    sunday: "Sunday" / "Dimanche";
    holidays: "Holidays" / "Jours fériés";
    add_holiday: "Add a day" / "Ajouter un jour";
    date: "Day" / "Jour";
    holiday_name: "Name" / "Nom";
    holiday_spans: "Open all the same" / "Ouvert malgré tout";
    remove_one: "Remove {name}" / "Retirer {name}";
    routing: "Routing" / "Aiguillage";
    routing_lead: "For whom a new chat is: of these rules the first one that fits counts. Without one, a chat is for everybody." / "À qui une nouvelle conversation est destinée : la première de ces règles qui convient compte. Sans règle, elle est pour tout le monde.";
    add_rule: "Add a rule" / "Ajouter une règle";
    rule_page: "On pages like" / "Sur les pages comme";
    rule_language: "In the language" / "Dans la langue";
    rule_team: "For" / "Pour";
    everybody: "Everybody" / "Tout le monde";
    move_up: "Move rule {number} up" / "Monter la règle {number}";
    remove_rule: "Remove rule {number}" / "Retirer la règle {number}";
    spans_wrong: "Write hours like 09:00–12:00, 14:00–18:00, in order, up to 24:00." / "Écrivez les heures comme 09:00–12:00, 14:00–18:00, dans l’ordre, jusqu’à 24:00.";
    desk_wrong: "One of these cannot be: look at the time zone, days that stand twice, and rules that change nothing." / "Une de ces valeurs est impossible : vérifiez le fuseau horaire, les jours en double et les règles sans effet.";
}
