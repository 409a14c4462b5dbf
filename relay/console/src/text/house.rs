//! The words of the settings page about what holds for everybody.

texts! {
    title: "Rules and limits" / "Règles et limites";
    lead: "What holds for everybody who works here." / "Ce qui vaut pour toutes les personnes qui travaillent ici.";
    factor: "Everybody needs a second factor" / "Un second facteur pour tout le monde";
    factor_lead: "Who has none is led to set it up at their next sign-in, and can do nothing else before. Programs with a token are not asked." / "Qui n’en a pas est conduit à en configurer un à sa prochaine connexion, et ne peut rien faire d’autre avant. Les programmes avec un jeton ne sont pas concernés.";
    own_first: "Set up your own second factor first, in My account." / "Configurez d’abord votre propre second facteur, dans Mon compte.";
    limits: "Limits" / "Limites";
    limits_lead: "Who runs the relay sets them, in the table [limits] of its configuration." / "La personne qui exploite le relais les fixe, dans la table [limits] de sa configuration.";
    limit: "Limit" / "Limite";
    value: "Value" / "Valeur";
    rate: "{burst} at once, {minute} a minute" / "{burst} d’un coup, {minute} par minute";
    visitor_says: "Messages of one visitor’s connection" / "Messages par connexion de visiteur";
    visitor_requests: "Other frames of one visitor’s connection" / "Autres trames par connexion de visiteur";
    agent_says: "Messages of one agent’s connection" / "Messages par connexion d’agent";
    agent_requests: "Other frames of one agent’s connection" / "Autres trames par connexion d’agent";
    refusals: "Refused frames of one connection" / "Trames refusées par connexion";
    upgrades: "Connections opened from one address" / "Connexions ouvertes depuis une adresse";
    account_sign_ins: "Sign-ins at one account" / "Tentatives de connexion à un compte";
    address_sign_ins: "Sign-ins from one address" / "Tentatives de connexion depuis une adresse";
    uploads: "Uploads from one address" / "Envois de fichiers depuis une adresse";
    connections: "Connections open at once" / "Connexions simultanées";
    address_connections: "Of these from one address" / "Dont depuis une même adresse";
    http_connections: "HTTP connections open at once" / "Connexions HTTP simultanées";
    header_timeout_ms: "Time for the head of a request" / "Temps pour l’en-tête d’une requête";
    request_timeout_ms: "Time for a whole request" / "Temps pour une requête entière";
    outgoing_bytes: "What may wait for one slow reader" / "En attente pour un lecteur lent";
    outgoing_total_bytes: "What may wait for all of them" / "En attente pour tous les lecteurs";
    upload_bytes: "Size of a file" / "Taille d’un fichier";
    upload_bytes_a_day: "What one visitor may send a day" / "Envois d’un visiteur par jour";
    uploads_at_once: "Uploads at once" / "Envois simultanés";
    address_uploads: "Of these from one address" / "Dont depuis une même adresse";
    upload_timeout_ms: "Time for an upload" / "Temps pour un envoi";
}
