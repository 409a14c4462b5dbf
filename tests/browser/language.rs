//! Who prefers French reads French: launcher, panel, and the console's door.

use anyhow::Result;

use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

in_each_engine!(a_french_browser_gets_french);
async fn a_french_browser_gets_french(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.person("fr-FR").await?;
    visitor.opens(&stage.url("/demo")).await?;
    visitor.clicks("button", "Ouvrir le chat").await?;
    visitor.finds("dialog", "Discussion").await?;
    visitor.sees("Bonjour ! Comment pouvons-nous vous aider ?").await?;
    visitor.finds("button", "Envoyer").await?;
    visitor.says("Message", "Livrez-vous à Besançon ?").await?;
    visitor.sees("Mia a rejoint la discussion").await?;
    agent.clicks_part("button", "Livrez-vous à Besançon ?").await?;
    agent.waits_until("words(seek('complementary', 'About the visitor')).includes('fr-FR')").await?;
    visitor.sees("Lu").await?;
    agent.clicks("button", "Close chat").await?;
    visitor.sees("La discussion est terminée").await?;
    visitor.opens(&stage.url("/console")).await?;
    visitor.finds("button", "Se connecter").await.map(drop)
}
