//! Accounts and their invitations, and which sites there are.

use shared::api::{Deed, Member, SitePatch, VisitorRules};
use shared::ids::{AgentId, Millis, SiteId, SiteKey};
pub use shared::model::SiteSettings;
use shared::model::{Agent, Role};
use uuid::Uuid;

use super::audit::{self, Record};
use super::people::{role_name, role_of};
use super::rows::{json, seq, to_json};
use super::sessions::{self, NewSession};
use super::sql::{self, Connection, OptionalExtension, Row, params};
use super::{Store, StoreError, people, rules};

/// Slots of a new agent (DESIGN §2).
pub(super) const CAPACITY: u32 = 3;

/// A team member with what only they and the relay know.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// As others see them.
    pub agent: Agent,
    /// Their address.
    pub email: String,
    /// Argon2id, in PHC format.
    pub password_hash: String,
    /// Whether they have to set up a second factor before anything else; by a session: as it began.
    pub must_enrol: bool,
}

/// A new team member.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// Their id.
    pub id: AgentId,
    /// Their address.
    pub email: String,
    /// Their display name.
    pub name: String,
    /// Argon2id, in PHC format.
    pub password_hash: String,
}

/// A one-time link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRecord {
    /// Whom it is for; empty: whoever holds it.
    pub email: String,
    /// As what they join.
    pub role: Role,
    /// When it lapses.
    pub expires_at: Millis,
}

/// A site.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteRecord {
    /// Its id.
    pub id: SiteId,
    /// Its public key.
    pub key: SiteKey,
    /// Its display name.
    pub name: String,
    /// Origins that may use it; empty: any.
    pub origins: Vec<String>,
    /// What the loader and the panel are told.
    pub settings: SiteSettings,
    /// Grows with every change of `settings`.
    pub settings_rev: u64,
    /// Refuses visitors who are not verified. Set by [`Store::change_site`] alone.
    pub verified_only: bool,
    /// What it wants to know of its visitors. Set by [`Store::set_visitor_rules`] alone.
    pub visitors: VisitorRules,
}

/// What [`site`] reads.
macro_rules! site_columns {
    () => {
        "SELECT id, key, name, origins, settings, settings_rev, verified_only, visitors FROM site"
    };
}

impl Store {
    /// The account of an address, disabled ones excluded, for whoever signs in now.
    pub async fn account(&self, email: String, now: Millis) -> Result<Option<Account>, StoreError> {
        self.read(move |db| {
            let mut find =
                db.prepare_cached("SELECT id, email, password_hash FROM agent WHERE email = ?1 AND disabled = 0 AND bot = 0")?;
            let found = find.query_row([email], |row| Ok((row.get::<Uuid>(0)?, row.get(1)?, row.get(2)?))).optional()?;
            let Some((id, email, password_hash)) = found else { return Ok(None) };
            let must_enrol = rules::must_enrol(db, id, now)?;
            Ok(people::agent(db, AgentId(id))?.map(|agent| Account { agent, email, password_hash, must_enrol }))
        })
        .await
    }

    /// Everybody who has or had access.
    pub async fn members(&self) -> Result<Vec<Member>, StoreError> {
        self.read(|db| {
            let mut find = db.prepare_cached(
                "SELECT CASE WHEN bot = 1 THEN '' ELSE email END, disabled, EXISTS (SELECT 1 FROM second_factor f WHERE f.agent = a.id AND f.confirmed = 1) \
                 FROM agent a WHERE id = ?1",
            )?;
            let member = |agent: Agent| {
                let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
                let (email, disabled, second_factor) = find.query_row([agent.id.0], row)?;
                Ok(Member { agent, email, disabled, second_factor })
            };
            people::all_agents(db)?.into_iter().map(member).collect()
        })
        .await
    }

    /// Invitations that can still be taken up, the next to lapse first.
    pub async fn invitations(&self, now: Millis) -> Result<Vec<InvitationRecord>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached(
                "SELECT email, role, expires_at FROM invitation WHERE used_at IS NULL AND expires_at > ?1 ORDER BY expires_at, email",
            )?;
            let found = find.query_map([now], invitation)?;
            Ok(found.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Revokes an invitation; whether there was one that could still be taken up.
    pub async fn revoke_invitation(&self, email: String, by: AgentId, now: Millis) -> Result<bool, StoreError> {
        self.write(move |db| {
            db.protect()?;
            let mut delete =
                db.prepare_cached("DELETE FROM invitation WHERE email = ?1 AND used_at IS NULL AND expires_at > ?2")?;
            let revoked = delete.execute(params![email, now])? > 0;
            if revoked {
                audit::write(db, now, &Record::of(by, Deed::Uninvited, email))?;
            }
            Ok(revoked)
        })
        .await
    }

    /// Whether there is any account.
    pub async fn has_agents(&self) -> Result<bool, StoreError> {
        self.read(|db| Ok(db.prepare_cached("SELECT EXISTS (SELECT 1 FROM agent)")?.query_row([], |row| row.get(0))?)).await
    }

    /// A new invitation. Those of the same address that are still unused lapse, so that one link at a time is good.
    pub async fn create_invitation(&self, hash: [u8; 32], invitation: InvitationRecord) -> Result<(), StoreError> {
        self.invite(hash, invitation, None).await
    }

    /// The same, with what is to be put on record of it.
    pub async fn invite(
        &self,
        hash: [u8; 32],
        invitation: InvitationRecord,
        record: Option<(Millis, Record)>,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            db.protect()?;
            if let Some((now, record)) = &record {
                audit::write(db, *now, record)?;
            }
            db.prepare_cached("DELETE FROM invitation WHERE email = ?1 AND used_at IS NULL")?.execute([&invitation.email])?;
            db.prepare_cached("INSERT INTO invitation (token_hash, email, role, expires_at) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![hash, invitation.email, role_name(invitation.role), invitation.expires_at])?;
            Ok(())
        })
        .await
    }

    /// An invitation that is still good.
    pub async fn invitation(&self, hash: [u8; 32], now: Millis) -> Result<Option<InvitationRecord>, StoreError> {
        self.read(move |db| find_invitation(db, hash, now)).await
    }

    /// Uses an invitation: creates the account and signs it in, once. `None`: it is no longer good.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the address has an account already.
    pub async fn use_invitation(
        &self,
        hash: [u8; 32],
        new: NewAgent,
        session: NewSession,
        now: Millis,
    ) -> Result<Option<Account>, StoreError> {
        self.write(move |db| {
            db.protect()?;
            let Some(invitation) = find_invitation(db, hash, now)? else { return Ok(None) };
            db.prepare_cached("UPDATE invitation SET used_at = ?2 WHERE token_hash = ?1")?.execute(params![hash, now])?;
            db.prepare_cached(
                "INSERT INTO agent (id, email, name, role, password_hash, capacity, gone_at, idle_since, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7)",
            )?
            .execute(params![
                new.id.0,
                new.email,
                new.name,
                role_name(invitation.role),
                new.password_hash,
                CAPACITY,
                now
            ])?;
            sessions::add(db, new.id, &session, now)?;
            audit::write(db, now, &Record::of(new.id, Deed::Joined, &*new.email).with(role_name(invitation.role)))?;
            let agent = people::agent(db, new.id)?;
            let must_enrol = rules::must_enrol(db, new.id.0, now)?;
            Ok(agent.map(|agent| Account { agent, email: new.email, password_hash: new.password_hash, must_enrol }))
        })
        .await
    }

    /// Another password for somebody, which ends all their sessions but one; the hashes of the others' tokens.
    pub async fn change_password(
        &self,
        agent: AgentId,
        password_hash: String,
        keep: [u8; 32],
        now: Millis,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        self.write(move |db| {
            db.protect()?;
            db.prepare_cached("UPDATE agent SET password_hash = ?2 WHERE id = ?1")?.execute(params![agent.0, password_hash])?;
            audit::write(db, now, &Record::of(agent, Deed::PasswordChanged, ""))?;
            sessions::end(db, agent, sessions::Which::AllBut(keep))
        })
        .await
    }

    /// The sites.
    pub async fn sites(&self) -> Result<Vec<SiteRecord>, StoreError> {
        self.read(|db| {
            let mut find = db.prepare_cached(concat!(site_columns!(), " ORDER BY name, id"))?;
            Ok(find.query_map([], site)?.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// The site with this key.
    pub async fn site_by_key(&self, key: SiteKey) -> Result<Option<SiteRecord>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached(concat!(site_columns!(), " WHERE key = ?1"))?;
            Ok(find.query_row([key.0], site).optional()?)
        })
        .await
    }

    /// Changes what is given of a site, on record where that makes a difference: the site as it is now, and whether it was changed; `None`:
    /// there is none of this key.
    pub async fn change_site(
        &self,
        now: Millis,
        by: AgentId,
        key: SiteKey,
        patch: SitePatch,
    ) -> Result<Option<(SiteRecord, bool)>, StoreError> {
        self.write(move |db| {
            db.protect()?;
            let mut find = db.prepare_cached(concat!(site_columns!(), " WHERE key = ?1"))?;
            let Some(before) = find.query_row([&key.0], site).optional()? else { return Ok(None) };
            let SitePatch { name, origins, settings, verified_only } = patch;
            let origins = origins.as_ref().map(to_json).transpose()?;
            let settings = settings.as_ref().map(to_json).transpose()?;
            let mut update = db.prepare_cached(
                "UPDATE site SET name = coalesce(?2, name), origins = coalesce(?3, origins), settings = coalesce(?4, settings), \
                 verified_only = coalesce(?5, verified_only), settings_rev = settings_rev + CASE WHEN settings <> coalesce(?4, settings) OR name <> coalesce(?2, name) THEN 1 ELSE 0 END WHERE key = ?1",
            )?;
            update.execute(params![key.0, name, origins, settings, verified_only])?;
            let after = find.query_row([&key.0], site)?;
            let changed = after != before;
            if changed {
                let record = Record::of(by, Deed::SiteChanged, &*after.name).with(changes(&before, &after));
                audit::write(db, now, &record)?;
            }
            Ok(Some((after, changed)))
        })
        .await
    }

    /// Makes a site, on record.
    pub async fn add_site(&self, now: Millis, by: AgentId, site: SiteRecord) -> Result<(), StoreError> {
        self.write(move |db| {
            db.protect()?;
            insert_site(db, &site, "")?;
            audit::write(db, now, &Record::of(by, Deed::SiteMade, site.name))
        })
        .await
    }

    /// The site of this id.
    pub async fn site(&self, id: SiteId) -> Result<Option<SiteRecord>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached(concat!(site_columns!(), " WHERE id = ?1"))?;
            Ok(find.query_row([id.0], site).optional()?)
        })
        .await
    }

    /// Creates a site, or changes the one with this key; its id stays.
    pub async fn upsert_site(&self, site: SiteRecord) -> Result<(), StoreError> {
        self.write(move |db| {
            db.protect()?;
            insert_site(
                db,
                &site,
                " ON CONFLICT (key) DO UPDATE SET name = excluded.name, origins = excluded.origins, settings = excluded.settings, \
                 settings_rev = site.settings_rev \
                 + CASE WHEN site.settings <> excluded.settings OR site.name <> excluded.name THEN 1 ELSE 0 END",
            )
        })
        .await
    }
}

/// `or`: what becomes of one of this key that there is already; else [`StoreError::Conflict`].
fn insert_site(db: &Connection, site: &SiteRecord, or: &str) -> Result<(), StoreError> {
    let sql = ["INSERT INTO site (id, key, name, origins, settings) VALUES (?1, ?2, ?3, ?4, ?5)", or].concat();
    db.prepare_cached(&sql)?.execute(params![
        site.id.0,
        site.key.0,
        site.name,
        to_json(&site.origins)?,
        to_json(&site.settings)?
    ])?;
    Ok(())
}

/// Which parts of a site were changed, for the record.
fn changes(before: &SiteRecord, after: &SiteRecord) -> String {
    let parts = [
        (before.name != after.name, "name"),
        (before.origins != after.origins, "origins"),
        (before.settings != after.settings, "settings"),
        (before.verified_only != after.verified_only, "verified_only"),
    ];
    parts.into_iter().filter(|(changed, _)| *changed).map(|(_, part)| part).collect::<Vec<_>>().join(", ")
}

fn find_invitation(db: &Connection, hash: [u8; 32], now: Millis) -> Result<Option<InvitationRecord>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT email, role, expires_at FROM invitation WHERE token_hash = ?1 AND used_at IS NULL AND expires_at > ?2",
    )?;
    Ok(find.query_row(params![hash, now], invitation).optional()?)
}

fn invitation(row: &Row<'_>) -> sql::Result<InvitationRecord> {
    Ok(InvitationRecord { email: row.get(0)?, role: role_of(row.get_ref(1)?.as_str()?)?, expires_at: row.get(2)? })
}

/// What a site's owner chose.
pub(crate) fn settings(db: &Connection, site: SiteId) -> Result<SiteSettings, StoreError> {
    let mut find = db.prepare_cached("SELECT settings FROM site WHERE id = ?1")?;
    Ok(find.query_row([site.0], |row| json(row.get_ref(0)?.as_str()?))?)
}

fn site(row: &Row<'_>) -> sql::Result<SiteRecord> {
    Ok(SiteRecord {
        id: SiteId(row.get(0)?),
        key: SiteKey(row.get(1)?),
        name: row.get(2)?,
        origins: json(row.get_ref(3)?.as_str()?)?,
        settings: json(row.get_ref(4)?.as_str()?)?,
        settings_rev: seq(row, 5)?,
        verified_only: row.get(6)?,
        visitors: json(row.get_ref(7)?.as_str()?)?,
    })
}
