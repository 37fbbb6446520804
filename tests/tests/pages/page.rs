//! What a page offers to copy: its files and its commands.

use std::path::Path;

/// A page, cut into its code.
#[derive(Debug)]
pub struct Page {
    blocks: Vec<Block>,
}

/// A fenced block of code.
#[derive(Debug)]
struct Block {
    /// The first word of the section's heading, such as `Start`.
    section: String,
    /// The name of the file, if a line such as ``**`server.mjs`**`` stands before the block.
    file: Option<String>,
    code: String,
}

impl Page {
    /// Reads a Markdown file.
    pub fn read(path: &Path) -> Self {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut blocks, mut section, mut file) = (Vec::new(), String::new(), None);
        let mut code: Option<String> = None;
        for line in text.lines() {
            match (&mut code, line) {
                (Some(_), "```") => blocks.push(Block {
                    section: section.clone(),
                    file: file.take(),
                    code: code.take().unwrap(),
                }),
                (Some(code), _) => {
                    code.push_str(line);
                    code.push('\n');
                }
                (None, _) if line.starts_with("```") => code = Some(String::new()),
                (None, _) => {
                    if let Some(heading) = line.trim_start_matches('#').strip_prefix(' ')
                        && line.starts_with("##")
                    {
                        section = heading.split(' ').next().unwrap().to_owned();
                    }
                    let name = line.strip_prefix("**`").and_then(|rest| rest.strip_suffix("`**"));
                    if let Some(name) = name {
                        file = Some(name.to_owned());
                    }
                }
            }
        }
        Self { blocks }
    }

    /// Writes the page's files into a folder, over those that are there.
    pub fn write_files(&self, folder: &Path) {
        for block in &self.blocks {
            let Some(file) = &block.file else { continue };
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &block.code).unwrap();
        }
    }

    /// The text of a file.
    pub fn file(&self, name: &str) -> &str {
        let found = self
            .blocks
            .iter()
            .find(|block| block.file.as_deref() == Some(name));
        &found.unwrap_or_else(|| panic!("no file {name}")).code
    }

    /// The first commands of a section, without the line that sets the reader's own key.
    pub fn commands(&self, section: &str) -> Option<String> {
        let block = self
            .blocks
            .iter()
            .find(|block| block.section == section && block.file.is_none())?;
        let lines = block
            .code
            .lines()
            .filter(|line| !line.starts_with("export WEBHOOK_SECRET="));
        Some(lines.collect::<Vec<_>>().join("\n"))
    }
}
