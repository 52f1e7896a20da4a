//! Mistakes in a file, as the rules themselves find them.

use bando_domain::call_file::Mistake;

use crate::output::Row;

impl Row for Mistake {
    const HEAD: &'static [&'static str] = &["LINE", "KEY", "VALUE", "RULE"];
    const NUMBERS: &'static [usize] = &[0];

    fn cells(&self) -> Vec<String> {
        vec![
            self.line.map(|line| line.to_string()).unwrap_or_default(),
            self.key.clone(),
            self.value.clone(),
            self.rule.clone(),
        ]
    }
}
