//! The contents of an automation's form, as people type them, converted from and to drafts.
//!
//! Hidden `row` fields number the rows of URLs, in their order; the other fields of a row end in its number:
//! `url.0`. Buttons add and remove rows, and the response contains everything that was typed.

use postrider_configuration::{AutomationDraft, Fault};
use postrider_model::Automation;
use postrider_model::account::NAME_CHARS_MAX;
use postrider_model::automation::ACTIONS_MAX;
use postrider_signing::template::Preset;

use super::conditions::ConditionFields;
use super::notice::NoticeFields;
use super::row::RowFields;
use super::suggestions::Suggestions;
use crate::form::Form;
use crate::view::schedule;

/// Maximum rows that are read: one more than an automation can have, so that the check of the draft says so.
/// A page takes 4 KiB for each.
const ROWS_MAX: usize = ACTIONS_MAX + 1;

/// The form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// The caller's own id; empty for none.
    pub uid: String,
    /// Whether events trigger it.
    pub enabled: bool,
    /// The ticked event types and patterns.
    pub ticked: Vec<String>,
    /// Further event types and patterns, typed in.
    pub others: String,
    /// What must hold for the data.
    pub conditions: ConditionFields,
    /// The URLs.
    pub rows: Vec<RowFields>,
    /// Its own delays, as `view::schedule` writes them.
    pub delays: String,
    /// Who is told when it fails.
    pub notice: NoticeFields,
}

/// A button of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// Save it all.
    Save,
    /// Save it all, and send a test.
    SaveAndTest,
    /// One more URL.
    Add,
    /// One more e-mail.
    AddEmail,
    /// One more message to a chat system.
    AddPreset(Preset),
    /// Remove this URL.
    Remove(usize),
    /// One more condition.
    AddCondition,
    /// Remove this condition.
    RemoveCondition(usize),
    /// Edit the conditions as JSON.
    ConditionsAsJson,
    /// Edit the conditions as rows.
    ConditionsAsRows,
    /// Look at recent events.
    Check,
}

impl Press {
    /// The pressed button.
    pub fn of(form: &Form) -> Self {
        let pressed = form.text("do");
        match pressed.split_once('.') {
            Some(("remove", row)) => row.parse().map_or(Self::Save, Self::Remove),
            Some(("add", "email")) => Self::AddEmail,
            Some(("add", name)) => Preset::find(name).map_or(Self::Add, Self::AddPreset),
            Some(("remove_condition", row)) => row.parse().map_or(Self::Save, Self::RemoveCondition),
            _ => match pressed {
                "save_and_test" => Self::SaveAndTest,
                "add" => Self::Add,
                "add_condition" => Self::AddCondition,
                "as_json" => Self::ConditionsAsJson,
                "as_rows" => Self::ConditionsAsRows,
                "check" => Self::Check,
                _ => Self::Save,
            },
        }
    }
}

impl Press {
    /// Whether it saves the automation.
    pub fn saves(self) -> bool {
        matches!(self, Self::Save | Self::SaveAndTest)
    }
}

impl Fields {
    /// An empty form.
    pub fn empty() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            uid: String::new(),
            enabled: true,
            ticked: Vec::new(),
            others: String::new(),
            conditions: ConditionFields::default(),
            rows: vec![RowFields::empty()],
            delays: String::new(),
            notice: NoticeFields::default(),
        }
    }

    /// A stored automation.
    pub fn of(automation: &Automation) -> Self {
        Self {
            name: automation.name.clone(),
            description: automation.description.clone(),
            uid: automation.uid.clone().unwrap_or_default(),
            enabled: automation.enabled,
            ticked: super::patterns(automation),
            others: String::new(),
            conditions: ConditionFields::of(automation.trigger.conditions.as_ref()),
            rows: automation.actions.iter().map(RowFields::of).collect(),
            delays: schedule::field(automation.retry_delays.as_ref()),
            notice: NoticeFields::default(),
        }
    }

    /// The fields as typed.
    pub fn typed(form: &Form) -> Self {
        Self {
            name: form.text("name").to_owned(),
            // Browsers send line breaks as CRLF.
            description: form.text("description").replace("\r\n", "\n"),
            uid: form.text("uid").to_owned(),
            enabled: form.is_ticked("enabled"),
            ticked: form.all("event_type").map(str::to_owned).collect(),
            others: form.text("others").to_owned(),
            conditions: ConditionFields::typed(form),
            rows: form
                .all("row")
                .take(ROWS_MAX)
                .map(|row| RowFields::typed(form, row))
                .collect(),
            delays: form.text("delays").to_owned(),
            notice: NoticeFields::typed(form),
        }
    }

    /// Does what a button other than *Save* does. The last URL stays.
    pub fn press(&mut self, press: Press, suggestions: &Suggestions) {
        match press {
            Press::Save | Press::SaveAndTest | Press::Check => {}
            Press::AddCondition => self.conditions.add(),
            Press::RemoveCondition(row) => self.conditions.remove(row),
            Press::ConditionsAsJson => self.conditions.as_json(&|path| suggestions.kind(path)),
            Press::ConditionsAsRows => self.conditions.as_rows(),
            Press::Add => self.rows.push(RowFields::empty()),
            Press::AddPreset(preset) => self.push(RowFields::of_preset(preset)),
            Press::AddEmail => self.push(RowFields::of_new_email()),
            Press::Remove(row) if self.rows.len() > 1 && row < self.rows.len() => {
                self.rows.remove(row);
            }
            Press::Remove(_) => {}
        }
    }

    /// Adds a row, in the place of the empty one of a new form.
    fn push(&mut self, row: RowFields) {
        self.rows.retain(|row| !row.is_blank());
        self.rows.push(row);
    }

    /// All event types and patterns: those ticked, then those typed.
    pub fn event_types(&self) -> Vec<String> {
        let typed = self.others.split([',', ' ', '\n', ';']);
        let typed = typed.map(str::trim).filter(|word| !word.is_empty());
        let mut all = self.ticked.clone();
        for word in typed {
            if !all.iter().any(|known| known == word) {
                all.push(word.to_owned());
            }
        }
        all
    }

    /// The fields of a new automation that is a copy of `automation`: off, so that nothing is sent twice
    /// before a person has looked at it, and without the uid. `••••` stays where secrets are: the new actions
    /// have none to keep, so the draft's check asks for them.
    pub fn copy_of(automation: &Automation) -> Self {
        let name = format!("Copy of {}", automation.name);
        let mut rows: Vec<_> = automation.actions.iter().map(RowFields::of).collect();
        for row in &mut rows {
            row.id.clear();
            row.disabled_reason = None;
        }
        Self {
            name: name.chars().take(NAME_CHARS_MAX).collect(),
            uid: String::new(),
            enabled: false,
            rows,
            ..Self::of(automation)
        }
    }

    /// The draft, without metadata, and the faults that the form itself finds.
    pub fn draft(&mut self, suggestions: &Suggestions) -> (AutomationDraft, Vec<Fault>) {
        let (conditions, mut faults) = self.conditions.json(&|path| suggestions.kind(path));
        let actions = self
            .rows
            .iter()
            .enumerate()
            .map(|(index, row)| row.draft(index, &mut faults))
            .collect();
        let uid = self.uid.trim();
        let draft = AutomationDraft {
            uid: (!uid.is_empty()).then(|| uid.to_owned()),
            name: self.name.trim().to_owned(),
            description: self.description.trim().to_owned(),
            metadata: None,
            enabled: self.enabled,
            event_types: self.event_types(),
            conditions,
            actions,
            retry_delays_s: schedule::parse(&self.delays),
        };
        faults.extend(self.notice.fault());
        (draft, faults)
    }
}

#[cfg(test)]
mod tests {
    use postrider_configuration::{DoesDraft, RateLimitDraft};

    use super::*;

    fn form(text: &str) -> Form {
        Form::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn adding_or_removing_a_row_keeps_typed_values() {
        let text = "name=n&event_type=a.b&others=c.*&row=0&url.0=https://a&timeout.0=soon&row=7&url.7=https://b&on.7=";
        let mut fields = Fields::typed(&form(text));
        fields.press(Press::Add, &Suggestions::default());
        assert_eq!(fields.rows.len(), 3);
        assert_eq!(
            (fields.rows[0].timeout.as_str(), fields.rows[1].enabled),
            ("soon", true)
        );
        fields.press(Press::Remove(0), &Suggestions::default());
        assert_eq!(fields.rows[0].url, "https://b");
        fields.press(Press::Remove(5), &Suggestions::default());
        assert_eq!(fields.rows.len(), 2);
    }

    #[test]
    fn a_form_of_many_rows_becomes_one_that_is_a_row_too_long() {
        let typed = Fields::typed(&form(&"row=0&".repeat(1_000)));
        assert_eq!(typed.rows.len(), ACTIONS_MAX + 1);
    }

    #[test]
    fn buttons_are_distinguished() {
        assert_eq!(Press::of(&form("do=add")), Press::Add);
        assert_eq!(Press::of(&form("do=remove.2")), Press::Remove(2));
        assert_eq!(Press::of(&form("name=x")), Press::Save);
        assert_eq!(Press::of(&form("do=save_and_test")), Press::SaveAndTest);
    }

    #[test]
    fn typed_types_join_the_ticked_ones() {
        let fields = Fields::typed(&form("event_type=a.b&others=c.*%2C+a.b%0D%0Ad"));
        assert_eq!(fields.event_types(), ["a.b", "c.*", "d"]);
    }

    #[test]
    fn an_empty_rate_limit_sets_none_and_half_of_one_is_not_dropped() {
        let limit = |text| {
            Fields::typed(&form(text))
                .draft(&Suggestions::default())
                .0
                .actions[0]
                .rate_limit
        };
        assert_eq!(limit("row=0&requests.0=+&per_s.0="), None);
        let of = |requests, per_s| Some(RateLimitDraft { requests, per_s });
        assert_eq!(limit("row=0&requests.0=+100&per_s.0=60"), of(100, 60));
        assert_eq!(limit("row=0&requests.0=100&per_s.0="), of(100, -1));
        assert_eq!(limit("row=0&requests.0=many&per_s.0=60"), of(-1, 60));
    }

    #[test]
    fn headers_are_read_by_line_and_malformed_lines_are_reported() {
        let mut fields = Fields::typed(&form("row=0&headers.0=X-A:+1%0AX-B%3A2%0Aodd"));
        let (draft, faults) = fields.draft(&Suggestions::default());
        let DoesDraft::SendWebhook(webhook) = &draft.actions[0].does else {
            panic!("a webhook");
        };
        assert_eq!(
            webhook.headers,
            [
                ("X-A".to_owned(), "1".to_owned()),
                ("X-B".to_owned(), "2".to_owned())
            ]
        );
        assert_eq!(faults[0].pointer, "/actions/0/headers");
    }
}
