//! Which page an address means. Pure; `nav.rs` asks it whenever the address changes.

use shared::model::Role;

/// A page of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Queue, chats, thread and visitor.
    Inbox,
    /// Email and password.
    SignIn,
    /// Whoever holds this invitation's token may join.
    Join(String),
    /// What a site owner pastes.
    Install,
    /// Who is there, and invitations.
    Team,
    /// Who is on the sites now.
    Visitors,
    /// What was said before.
    History,
    /// Figures of it.
    Reports,
    /// What can be set.
    Settings(Section),
    /// Nothing is here.
    Missing,
}

impl Route {
    /// The page of a path as in `location.pathname`; a slash at the end makes no difference.
    pub fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            ["console"] => Self::Inbox,
            ["console", "sign-in"] => Self::SignIn,
            ["console", "join", token] => Self::Join((*token).to_owned()),
            ["console", "install"] => Self::Install,
            ["console", "team"] => Self::Team,
            ["console", "visitors"] => Self::Visitors,
            ["console", "history"] => Self::History,
            ["console", "reports"] => Self::Reports,
            ["console", "settings"] => Self::Settings(Section::Account),
            ["console", "settings", section] => Section::of(section).map_or(Self::Missing, Self::Settings),
            _ => Self::Missing,
        }
    }

    /// Its path.
    pub fn path(&self) -> String {
        match self {
            Self::Inbox | Self::Missing => "/console/".to_owned(),
            Self::SignIn => "/console/sign-in".to_owned(),
            Self::Join(token) => format!("/console/join/{token}"),
            Self::Install => "/console/install".to_owned(),
            Self::Team => "/console/team".to_owned(),
            Self::Visitors => "/console/visitors".to_owned(),
            Self::History => "/console/history".to_owned(),
            Self::Reports => "/console/reports".to_owned(),
            Self::Settings(section) => format!("/console/settings/{}", section.name()),
        }
    }

    /// Whether the second program draws it.
    pub fn is_office(&self) -> bool {
        matches!(self, Self::Install | Self::Team | Self::Visitors | Self::Reports | Self::Settings(_))
    }

    /// Whether it shows without anybody signed in.
    pub fn is_public(&self) -> bool {
        matches!(self, Self::SignIn | Self::Join(_))
    }
}

/// A page of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// One's own name, password, second factor and sessions.
    Account,
    /// What this browser tells its agent of.
    Notifications,
    /// Canned replies.
    Replies,
    /// What holds for everybody, and the limits; for admins.
    House,
    /// How chats are handed out, opening hours, routing; for admins.
    Desk,
    /// What programs sign in with; for admins.
    Tokens,
    /// Who did what; for admins.
    Record,
}

impl Section {
    /// Every page.
    pub const ALL: [Self; 7] =
        [Self::Account, Self::Notifications, Self::Replies, Self::Desk, Self::House, Self::Tokens, Self::Record];

    /// Its name in the path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Notifications => "notifications",
            Self::Replies => "replies",
            Self::House => "rules",
            Self::Desk => "desk",
            Self::Tokens => "tokens",
            Self::Record => "record",
        }
    }

    /// Who may see it.
    pub fn least_role(self) -> Role {
        match self {
            Self::Account | Self::Notifications | Self::Replies => Role::Agent,
            Self::Desk | Self::House | Self::Tokens | Self::Record => Role::Admin,
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_pages_agree() {
        for route in [
            Route::Inbox,
            Route::SignIn,
            Route::Join("t0k_-en".to_owned()),
            Route::Install,
            Route::Team,
            Route::Visitors,
            Route::History,
            Route::Reports,
        ] {
            assert_eq!(Route::of(&route.path()), route);
            assert_eq!(Route::of(&format!("{}/", route.path())), route);
        }
        for section in Section::ALL {
            assert_eq!(Route::of(&Route::Settings(section).path()), Route::Settings(section));
        }
        assert_eq!(Route::of("/console/settings"), Route::Settings(Section::Account));
        assert_eq!(Route::of("/console/settings/nothing"), Route::Missing);
        assert_eq!(Route::of("/console"), Route::Inbox);
        assert_eq!(Route::of("/console/join"), Route::Missing);
        assert_eq!(Route::of("/elsewhere"), Route::Missing);
    }
}
