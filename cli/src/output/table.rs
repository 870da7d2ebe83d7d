//! Tables for people.

use std::io::IsTerminal;

use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Width, presets};

/// Cells are broken to fit a terminal of at least this width.
const NARROWEST: u16 = 40;

/// A table that can go on with the same widths.
pub struct Table {
    inner: comfy_table::Table,
}

impl Table {
    /// Without a header.
    pub fn bare() -> Table {
        let mut inner = comfy_table::Table::new();
        inner.load_style(presets::NOTHING);
        // a terminal that does not tell its width says 0
        let fits = inner.width().is_some_and(|width| width >= NARROWEST);
        inner.set_content_arrangement(if fits { ContentArrangement::Dynamic } else { ContentArrangement::Disabled });
        if !std::io::stdout().is_terminal() {
            inner.force_no_tty();
        }
        Table { inner }
    }

    /// With one.
    pub fn with_header(columns: &[impl AsRef<str>]) -> Table {
        let mut table = Table::bare();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        table.inner.set_header(columns.iter().map(|column| {
            let cell = Cell::new(column.as_ref().replace('_', " ").to_uppercase());
            if plain { cell } else { cell.add_attribute(Attribute::Bold) }
        }));
        table
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.inner.add_row(cells.into_iter().map(Cell::new));
    }

    /// The text, without a line feed at its end.
    pub fn text(&self) -> String {
        self.inner.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// The widths of the columns, for [`Table::keep_widths`].
    pub fn widths(&self) -> Vec<u16> {
        self.inner.column_max_content_widths()
    }

    /// Takes the widths of the rows before.
    pub fn keep_widths(&mut self, widths: &[u16]) {
        let padded = widths.iter().map(|width| ColumnConstraint::LowerBoundary(Width::Fixed(width.saturating_add(2))));
        self.inner.set_constraints(padded.collect::<Vec<_>>());
    }
}
