//! What the process knows of itself, for the page *System*.

/// Facts that do not change while the process runs.
#[derive(Debug, Clone)]
pub struct SystemFacts {
    /// The program's version.
    pub version: &'static str,
    /// Where everything is kept, in words and without secrets: `SQLite in ./postrider-data`.
    pub store: String,
    /// The settings that hold, in the order of their declaration; secrets masked by whoever fills this.
    pub settings: Vec<SettingRow>,
}

/// A setting as it holds.
#[derive(Debug, Clone)]
pub struct SettingRow {
    /// Its key in the settings file.
    pub key: String,
    /// Its value as it would stand in a variable; empty where nothing is set.
    pub value: String,
    /// What it is for.
    pub help: String,
}
