//! The words of the settings pages about people and their access.

texts! {
    settings: "Settings" / "Réglages";
    account: "My account" / "Mon compte";
    account_lead: "Who you are here, how you sign in, and where you are signed in." / "Qui vous êtes ici, comment vous vous connectez, et où vous êtes connecté.";
    profile: "Profile" / "Profil";
    display_name: "Display name" / "Nom affiché";
    save: "Save" / "Enregistrer";
    new_password: "Change password" / "Changer le mot de passe";
    new_password_lead: "Everywhere else you are signed out." / "Partout ailleurs, vous serez déconnecté.";
    old: "Password now" / "Mot de passe actuel";
    new: "New password" / "Nouveau mot de passe";
    change: "Change" / "Changer";
    changed: "Changed. You are signed out everywhere else." / "Modifié. Vous êtes déconnecté partout ailleurs.";
    too_short: "The new password is too short." / "Le nouveau mot de passe est trop court.";
    password_wrong: "That is not your password." / "Ce n’est pas votre mot de passe.";
    // Second factor
    factor: "Second factor" / "Second facteur";
    factor_lead: "Signing in then takes a code of an authenticator app as well, so that a stolen password is not enough." / "La connexion demande alors aussi un code d’une application d’authentification : un mot de passe volé ne suffit plus.";
    factor_on: "On, {count} recovery codes left" / "Activé, {count} codes de secours restants";
    factor_off: "Off" / "Désactivé";
    your_password: "Your password" / "Votre mot de passe";
    set_up: "Set up" / "Configurer";
    turn_off: "Turn off" / "Désactiver";
    scan: "Scan this with your authenticator app, or type the secret into it. Then enter the code that it shows." / "Scannez ceci avec votre application d’authentification, ou saisissez-y le secret. Entrez ensuite le code qu’elle affiche.";
    qr: "QR code with the secret" / "Code QR contenant le secret";
    secret: "Secret" / "Clé secrète";
    code: "Code" / "Code à six chiffres";
    turn_on: "Turn on" / "Activer";
    enrol: "Set up your second factor first" / "Configurez d’abord votre second facteur";
    enrol_lead: "Everybody here signs in with a code as well. It takes a minute; after it, the console opens." / "Ici, tout le monde se connecte aussi avec un code. Cela prend une minute ; ensuite, la console s’ouvre.";
    code_wrong: "That is not the code that is shown now." / "Ce n’est pas le code affiché actuellement.";
    recovery: "Recovery codes" / "Codes de secours";
    recovery_lead: "Keep these where you find them without your phone. Each signs you in once. They are not shown again." / "Gardez-les là où vous les trouverez sans votre téléphone. Chacun permet de se connecter une fois. Ils ne seront plus affichés.";
    kept: "I have kept them" / "Je les ai conservés";
    // Signing in
    code_lead: "Enter the code of your authenticator app, or one of your recovery codes." / "Entrez le code de votre application d’authentification, ou l’un de vos codes de secours.";
    code_at_sign_in: "Code or recovery code" / "Code ou code de secours";
    code_refused: "This code is wrong or was used already. Wait for the next one." / "Ce code est faux ou a déjà servi. Attendez le suivant.";
    // Sessions
    sessions: "Signed in" / "Connexions";
    sessions_lead: "End what you do not recognise, then change your password." / "Terminez ce que vous ne reconnaissez pas, puis changez de mot de passe.";
    sessions_none: "Nowhere: they are signed out everywhere." / "Nulle part : déconnecté partout.";
    this_session: "this one" / "celle-ci";
    unknown_device: "Unknown device" / "Appareil inconnu";
    seen: "Last seen {time}" / "Vue le {time}";
    since: "since {time}" / "depuis le {time}";
    end: "End" / "Terminer";
    end_session: "End the session on {device}" / "Terminer la session sur {device}";
    end_others: "End all others" / "Terminer toutes les autres";
    end_all: "End all" / "Tout terminer";
    access: "Access" / "Accès";
    access_of: "Access of {name}" / "Accès de {name}";
    reset_factor: "Turn off their second factor" / "Désactiver son second facteur";
    no_factor: "There was no second factor." / "Il n’y avait pas de second facteur.";
    was_reset: "Turned off. They sign in with the password alone." / "Désactivé. Le mot de passe suffit de nouveau.";
}
