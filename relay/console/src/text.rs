//! Every word the console says, in English and French, as one typed table: a text that one language lacks does not compile.
//! `{name}` marks a place that [`fill`] fills. Codes of refusals become words here too, so that no code reaches a person.

use shared::close::ErrorCode;

macro_rules! texts {
    ($([$area:ident: $module:ident])* $($name:ident: $english:literal / $french:literal;)+) => {
        /// The texts of one language.
        #[derive(Debug, PartialEq, Eq)]
        pub struct Texts {
            $(pub $area: &'static $module::Texts,)*
            $(pub $name: &'static str,)+
        }

        /// English; in browsers the texts are fetched (`texts.mjs` writes them).
        #[cfg(not(target_arch = "wasm32"))]
        pub static ENGLISH: Texts = Texts { $($area: &$module::ENGLISH,)* $($name: $english,)+ };

        impl Texts {
            /// Those of a language, from lines in this order.
            pub fn read(lines: &mut std::str::Split<'static, char>) -> Self {
                $(let $area: &'static $module::Texts = Box::leak(Box::new($module::Texts::read(lines)));)*
                // All at once: one call for each of them were 24 KB.
                let mut texts = [""; [$(stringify!($name)),+].len()];
                texts.iter_mut().for_each(|text| *text = lines.next().unwrap_or_default());
                let [$($name),+] = texts;
                Self { $($area,)* $($name),+ }
            }
        }

        /// French, likewise.
        #[cfg(not(target_arch = "wasm32"))]
        pub static FRENCH: Texts = Texts { $($area: &$module::FRENCH,)* $($name: $french,)+ };

        /// Every text by its name, in English and in French.
        #[cfg(test)]
        pub fn pairs() -> Vec<(&'static str, &'static str, &'static str)> {
            let areas: Vec<Vec<(&str, &str, &str)>> = vec![$($module::pairs(),)* vec![$((stringify!($name), $english, $french)),+]];
            areas.concat()
        }
    };
}

// A page with many words of its own has them in a table of its own.
mod access;
mod block;
mod composing;
mod desk;
mod history;
mod house;
mod install;
mod known;
mod noticing;
mod palette;
mod people;
mod present;
mod replies;
mod reports;
mod together;

texts! {
    [history: history]
    [access: access]
    [installing: install]
    [noticing: noticing]
    [house: house]
    [blocking: block]
    [known: known]
    [present: present]
    [composing: composing]
    [palette: palette]
    [desk: desk]
    [people: people]
    [reports: reports]
    [replies: replies]
    [together: together]
    // Navigation and frame
    inbox: "Inbox" / "Boîte de réception";
    team: "Team" / "Équipe";
    install: "Install" / "Installation";
    sign_out: "Sign out" / "Se déconnecter";
    language: "Language" / "Langue";
    skip: "Skip to conversation" / "Aller à la conversation";
    back: "Back" / "Retour";
    loading: "Loading…" / "Chargement…";
    try_again: "Try again" / "Réessayer";
    shortcuts: "Keyboard shortcuts" / "Raccourcis clavier";
    close_dialog: "Close" / "Fermer";
    cancel: "Cancel" / "Annuler";
    copy: "Copy" / "Copier";
    copied: "Copied" / "Copié";
    copy_failed: "Copying is blocked here: select the text and copy it" / "La copie est bloquée ici : sélectionnez le texte et copiez-le";
    not_found: "There is no such page. Its address may be from an older version, or mistyped." / "Cette page n’existe pas. L’adresse est peut-être ancienne ou mal saisie.";
    // Connection
    connecting: "Connecting…" / "Connexion…";
    reconnecting: "Connection lost. Reconnecting… What you write is kept and sent." / "Connexion perdue. Reconnexion… Ce que vous écrivez est conservé et sera envoyé.";
    reconnect_in: "Connection lost. Next attempt in {seconds} s. What you write is kept and sent." / "Connexion perdue. Nouvel essai dans {seconds} s. Ce que vous écrivez est conservé et sera envoyé.";
    reconnect_now: "Try now" / "Réessayer maintenant";
    refused: "The relay refuses this console (code {code}). Reload the page." / "Le relais refuse cette console (code {code}). Rechargez la page.";
    offline_action: "Not connected: try again in a moment." / "Hors connexion : réessayez dans un instant.";
    // Presence
    presence: "Presence" / "Présence";
    online: "Online" / "En ligne";
    away: "Away" / "Absent";
    offline: "Offline" / "Hors ligne";
    // Lists
    lists: "Conversations" / "Conversations";
    my_chats: "My chats" / "Mes conversations";
    slots: "{used} of {capacity} slots" / "{used} sur {capacity}";
    free_slot: "Free slot" / "Place libre";
    set_aside: "Set aside" / "Mises de côté";
    offered: "Offered to you" / "Proposées à vous";
    queue: "Queue" / "File d’attente";
    queue_empty: "Nobody waits. New chats come here, or straight to you while you are online." / "Personne n’attend. Les nouvelles conversations arrivent ici, ou directement chez vous quand vous êtes en ligne.";
    messages: "Messages" / "Messages";
    messages_empty: "No messages. What visitors write while nobody is there waits here for an answer." / "Aucun message. Ce que les visiteurs écrivent en l’absence de tous attend ici une réponse.";
    more_rows: "and {count} more" / "et {count} de plus";
    position: "Number {position} in the queue" / "Numéro {position} dans la file";
    waits: "waits {time}" / "attend depuis {time}";
    waits_for_you: "waits for you" / "vous attend";
    types: "writes…" / "écrit…";
    unread: "{count} unread" / "{count} non lus";
    answer_due: "Answer due" / "Réponse attendue";
    visitor: "Visitor" / "Visiteur";
    // Thread
    conversation: "Conversation" / "Conversation";
    nothing_open: "Choose a conversation" / "Choisissez une conversation";
    nothing_open_hint: "Arrows or j and k move through the lists, Enter opens, ? shows all keys." / "Les flèches ou j et k parcourent les listes, Entrée ouvre, ? montre toutes les touches.";
    today: "Today" / "Aujourd’hui";
    yesterday: "Yesterday" / "Hier";
    message: "Message" / "Message";
    note: "Internal note" / "Note interne";
    note_on: "Note" / "Note";
    write_message: "Write a message…" / "Écrivez un message…";
    write_note: "Write a note for your team…" / "Écrivez une note pour votre équipe…";
    send: "Send" / "Envoyer";
    add_note: "Add note" / "Ajouter la note";
    enter_hint: "Enter sends, Shift + Enter breaks the line" / "Entrée envoie, Maj + Entrée passe à la ligne";
    too_long: "{over} characters too long" / "{over} caractères de trop";
    pending: "Sending…" / "Envoi…";
    sent: "Sent" / "Envoyé";
    read: "Read" / "Lu";
    failed: "Not sent: {reason}" / "Non envoyé : {reason}";
    undelivered: "Not sent" / "Non envoyés";
    resend: "Send again" / "Renvoyer";
    discard: "Discard" / "Supprimer";
    you: "You" / "Vous";
    draft_of: "{name} writes" / "{name} écrit";
    new_below: "New messages" / "Nouveaux messages";
    take_to_answer: "Take this chat to answer it." / "Prenez cette conversation pour répondre.";
    held_by: "{name} has this chat." / "{name} s’occupe de cette conversation.";
    was_closed: "This conversation has ended. It opens again when the visitor writes." / "Cette conversation est terminée. Elle reprend quand le visiteur écrit.";
    // States
    state_queued: "Waiting" / "En attente";
    state_active: "Live" / "En cours";
    state_parked: "Set aside" / "Mise de côté";
    state_closed: "Closed" / "Terminée";
    // Verbs
    take: "Take" / "Prendre";
    take_anyway: "Take anyway" / "Prendre quand même";
    transfer: "Transfer" / "Transférer";
    transfer_to: "Transfer to" / "Transférer à";
    give_back: "Back to queue" / "Remettre en file";
    close_chat: "Close chat" / "Terminer";
    dismiss: "No answer needed" / "Sans réponse";
    accept: "Accept" / "Accepter";
    decline: "Decline" / "Refuser";
    offered_to: "Offered to {name}, {seconds} s left" / "Proposée à {name}, encore {seconds} s";
    offer_from: "{name} hands this chat to you, {seconds} s left" / "{name} vous confie cette conversation, encore {seconds} s";
    free_slots: "{free} free" / "{free} libres";
    no_slot: "no free slot" / "aucune place libre";
    alone: "Nobody else is in the team yet. An admin invites people on the Team page." / "Il n’y a encore personne d’autre dans l’équipe. Un administrateur invite depuis la page Équipe.";
    // Visitor pane
    about_visitor: "About the visitor" / "Le visiteur";
    details: "Details" / "Détails";
    email: "Email" / "E-mail";
    page: "Page" / "Page";
    referrer: "Came from" / "Provenance";
    locale: "Language" / "Langue";
    time_zone: "Time zone" / "Fuseau horaire";
    local_time: "Local time" / "Heure locale";
    site: "Site" / "Site";
    began: "Began" / "Début";
    verified: "Verified" / "Vérifié";
    on_site: "On the site now" / "Sur le site";
    gone: "Has left the site" / "A quitté le site";
    unknown: "Unknown" / "Inconnu";
    why: "Why does it wait?" / "Pourquoi attend-elle ?";
    earlier: "Earlier conversations" / "Conversations précédentes";
    earlier_none: "None: they write for the first time." / "Aucune : ce visiteur écrit pour la première fois.";
    earlier_reading: "Earlier conversation, read only" / "Conversation précédente, en lecture seule";
    back_to_current: "Back to the current one" / "Revenir à la conversation en cours";
    load_failed: "Could not be loaded. Open the conversation again in a moment." / "Impossible de charger. Rouvrez la conversation dans un instant.";
    // Events
    event_dispatched: "{agent} was given the chat" / "{agent} a reçu la conversation";
    event_taken: "{agent} took the chat" / "{agent} a pris la conversation";
    event_stretched: "{agent} took the chat beyond their slots" / "{agent} a pris la conversation au-delà de ses places";
    event_transferred: "{agent} took the chat over" / "{agent} a repris la conversation";
    event_agent_gone: "Waits again: the agent lost connection" / "De nouveau en attente : l’agent a perdu la connexion";
    event_unanswered: "Waits again: nobody answered in time" / "De nouveau en attente : sans réponse à temps";
    event_handed_over: "Waits again: given back to the queue" / "De nouveau en attente : remise en file";
    event_disabled: "Waits again: the agent’s account was disabled" / "De nouveau en attente : le compte de l’agent a été désactivé";
    event_spoke: "Waits again: the visitor wrote" / "De nouveau en attente : le visiteur a écrit";
    event_returned: "Waits again: the visitor came back" / "De nouveau en attente : le visiteur est revenu";
    event_visitor_gone: "Set aside: the visitor left" / "Mise de côté : le visiteur est parti";
    event_visitor_silent: "Set aside: the visitor is silent" / "Mise de côté : le visiteur ne répond plus";
    event_nobody: "Kept as a message: nobody was there" / "Gardée comme message : personne n’était là";
    event_resumed: "Goes on" / "Reprise";
    event_closed_agent: "Closed by the agent" / "Terminée par l’agent";
    event_closed_visitor: "Closed by the visitor" / "Terminée par le visiteur";
    event_expired: "Closed after a day of silence" / "Terminée après un jour de silence";
    event_dismissed: "Closed: no answer needed" / "Terminée : sans réponse nécessaire";
    event_reopened: "The visitor wrote again" / "Le visiteur a écrit à nouveau";
    event_contact: "Answer by email to {email}" / "Réponse par e-mail à {email}";
    event_greeted: "Greeted with “{text}”" / "Accueilli par « {text} »";
    event_rated: "Rated {score} of 5" / "Noté {score} sur 5";
    event_merged: "Goes on in another conversation of this visitor" / "Se poursuit dans une autre conversation de ce visiteur";
    edited: "changed" / "modifié";
    deleted: "Message taken back" / "Message retiré";
    unknown_entry: "Not shown in this version: reload the page" / "Non affiché dans cette version : rechargez la page";
    download: "Download {name}" / "Télécharger {name}";
    // Sign-in and join
    sign_in: "Sign in" / "Se connecter";
    sign_in_lead: "The console of your live chat." / "La console de votre chat.";
    password: "Password" / "Mot de passe";
    name: "Name" / "Nom";
    name_hint: "Visitors see it" / "Les visiteurs le voient";
    password_hint: "At least {count} characters" / "Au moins {count} caractères";
    wrong_credentials: "Email or password is wrong." / "E-mail ou mot de passe incorrect.";
    signed_out: "You were signed out. Sign in again to go on." / "Vous avez été déconnecté. Reconnectez-vous pour continuer.";
    join_title: "Join the team" / "Rejoindre l’équipe";
    join_first: "Welcome to Bulle" / "Bienvenue dans Bulle";
    join_first_lead: "You are the first: this account administers everything." / "Vous êtes le premier : ce compte administre tout.";
    join_lead: "You join as {role}." / "Vous rejoignez l’équipe comme {role}.";
    join_button: "Create account" / "Créer le compte";
    join_gone: "This link was used already or has lapsed. Ask an admin for a new one." / "Ce lien a déjà servi ou a expiré. Demandez-en un nouveau à un administrateur.";
    password_short: "The password needs at least {count} characters." / "Le mot de passe doit avoir au moins {count} caractères.";
    name_missing: "Enter your name." / "Indiquez votre nom.";
    email_wrong: "Enter an email address." / "Indiquez une adresse e-mail.";
    // Team
    role: "Role" / "Rôle";
    role_agent: "Agent" / "Agent";
    role_supervisor: "Supervisor" / "Superviseur";
    role_admin: "Admin" / "Administrateur";
    capacity: "Capacity" / "Capacité";
    capacity_of: "Capacity of {name}" / "Capacité de {name}";
    in_use: "In use" / "Occupées";
    invite_title: "Invite somebody" / "Inviter quelqu’un";
    invite_lead: "They join with a one-time link that you hand over yourself." / "La personne rejoint l’équipe par un lien à usage unique que vous lui transmettez.";
    invite: "Create link" / "Créer le lien";
    invite_link: "Link for {email}" / "Lien pour {email}";
    invite_until: "Works once, until {date}." / "Valable une fois, jusqu’au {date}.";
    saved: "Saved" / "Enregistré";
    // Keys
    key_move: "Move through the lists" / "Parcourir les listes";
    key_open: "Open the focused conversation" / "Ouvrir la conversation choisie";
    key_mine: "Open my chat 1 to 9" / "Ouvrir ma conversation 1 à 9";
    key_take: "Take the chat" / "Prendre la conversation";
    key_reply: "Write a message" / "Écrire un message";
    key_note: "Write an internal note" / "Écrire une note interne";
    key_close: "Close the chat" / "Terminer la conversation";
    key_transfer: "Transfer the chat" / "Transférer la conversation";
    key_presence: "Switch between online and away" / "Passer de en ligne à absent";
    key_accept: "Accept the transfer" / "Accepter le transfert";
    key_decline: "Decline the transfer" / "Refuser le transfert";
    key_help: "Show these keys" / "Montrer ces touches";
    key_leave: "Leave the composer, dialog or conversation" / "Quitter la saisie, le dialogue ou la conversation";
    enter: "Enter" / "Entrée";
    escape: "Esc" / "Échap";
    // Refusals
    refusal_token: "Your session has ended: sign in again." / "Votre session a expiré : reconnectez-vous.";
    refusal_origin: "The relay does not accept this address of the console. Check public_url." / "Le relais n’accepte pas cette adresse de la console. Vérifiez public_url.";
    refusal_empty: "The message is empty." / "Le message est vide.";
    refusal_long: "The message is too long." / "Le message est trop long.";
    refusal_field: "One of the values is not possible. Check what you entered." / "Une des valeurs n’est pas possible. Vérifiez votre saisie.";
    refusal_missing: "It does not exist any more." / "Cela n’existe plus.";
    refusal_forbidden: "Your role does not allow this." / "Votre rôle ne le permet pas.";
    refusal_not_yours: "Another agent has this chat." / "Un autre agent s’occupe de cette conversation.";
    refusal_state: "That is not possible any more: the chat has moved on." / "Ce n’est plus possible : la conversation a changé d’état.";
    refusal_slot: "All slots are taken: close a chat or hand one over first." / "Toutes les places sont prises : terminez ou transférez d’abord une conversation.";
    refusal_agent: "That agent is not available." / "Cet agent n’est pas disponible.";
    refusal_self: "Go online to take chats." / "Passez en ligne pour prendre des conversations.";
    refusal_late: "A message can be changed for a minute." / "Un message peut être modifié pendant une minute.";
    refusal_not_last: "Only your last message can be changed." / "Seul votre dernier message peut être modifié.";
    refusal_offer: "The transfer has lapsed or was withdrawn." / "Le transfert a expiré ou a été retiré.";
    refusal_rate: "Too many attempts: wait a moment." / "Trop de tentatives : patientez un instant.";
    refusal_store: "The relay cannot store anything right now. Try again in a moment." / "Le relais ne peut rien enregistrer pour l’instant. Réessayez dans un instant.";
    refusal_other: "The relay could not do that. Try again; if it stays so, tell an admin." / "Le relais n’a pas pu faire cela. Réessayez ; si cela persiste, prévenez un administrateur.";
    unreachable: "The relay cannot be reached. Check your connection." / "Le relais est injoignable. Vérifiez votre connexion.";
}

impl Texts {
    /// Those of a language, one a line; `None`: another number of them, as another version of the console has.
    #[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "natively the texts are built in"))]
    pub fn of(lines: &'static str) -> Option<Self> {
        let mut lines = lines.split('\n');
        let texts = Self::read(&mut lines);
        (lines.next().is_none() && !texts.unreachable.is_empty()).then_some(texts)
    }

    /// No words at all.
    pub fn none() -> &'static Self {
        Box::leak(Box::new(Self::read(&mut "".split('\n'))))
    }

    /// What a refusal means to an agent.
    pub fn refusal(&self, code: ErrorCode) -> &'static str {
        match code {
            ErrorCode::BadToken => self.refusal_token,
            ErrorCode::ForeignOrigin => self.refusal_origin,
            ErrorCode::EmptyText => self.refusal_empty,
            ErrorCode::TextTooLong => self.refusal_long,
            ErrorCode::InvalidField => self.refusal_field,
            ErrorCode::NotFound => self.refusal_missing,
            ErrorCode::Forbidden => self.refusal_forbidden,
            ErrorCode::EnrolFirst => self.people.enrol,
            ErrorCode::NotYours => self.refusal_not_yours,
            ErrorCode::WrongState => self.refusal_state,
            ErrorCode::TooLate => self.refusal_late,
            ErrorCode::NotLast => self.refusal_not_last,
            ErrorCode::NoFreeSlot => self.refusal_slot,
            ErrorCode::AgentUnavailable => self.refusal_agent,
            ErrorCode::OfferGone => self.refusal_offer,
            ErrorCode::RateLimited => self.refusal_rate,
            ErrorCode::StoreUnavailable => self.refusal_store,
            _ => self.refusal_other,
        }
    }
}

/// The template with every `{name}` replaced by its value. Values are not searched again.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let Some(end) = from.find('}') else {
            rest = from;
            break;
        };
        let name = &from[1..end];
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.push_str(&from[..=end]),
        }
        rest = &from[end + 1..];
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<&str> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn no_text_is_missing_or_has_other_places_in_french() {
        for (name, english, french) in pairs() {
            assert!(!english.trim().is_empty() && !french.trim().is_empty(), "{name} is empty");
            assert_eq!(places(english), places(french), "{name}");
        }
    }

    #[test]
    fn a_language_is_read_from_its_lines() {
        let lines: Vec<&str> = pairs().into_iter().map(|(_, _, french)| french).collect();
        let lines: &'static str = lines.join("\n").leak();
        assert_eq!(Texts::of(lines).as_ref(), Some(&FRENCH));
        assert_eq!(Texts::of([lines, "\none more"].concat().leak()), None);
        assert_eq!(Texts::of(lines.rsplit_once('\n').unwrap().0), None);
    }

    #[test]
    fn most_french_texts_are_translated() {
        let all = pairs();
        let same = all.iter().filter(|(_, english, french)| english == french).count();
        assert!(same * 20 < all.len(), "{same} of {} French texts equal the English ones", all.len());
    }

    #[test]
    fn fills_places_and_leaves_values_alone() {
        assert_eq!(fill("{a} of {b}", &[("a", "{b}"), ("b", "3")]), "{b} of 3");
        assert_eq!(fill("{unknown} {", &[]), "{unknown} {");
    }
}
