//! Data on stdout, in the format asked for.

mod cells;
mod list;
mod sentence;
mod table;

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use serde_json::Value;

pub use cells::{clean, csv_columns, flat};
pub use list::{ListWriter, envelope};
pub use sentence::{plan_text, sentence};
pub use table::Table;

use crate::args::Format;
use crate::errors::Result;

/// The format: what was asked for, else what fits stdout.
pub fn format(asked: Option<Format>) -> Format {
    let fits = if io::stdout().is_terminal() { Format::Table } else { Format::Json };
    asked.unwrap_or(fits)
}

/// Stdout, locked and buffered.
pub fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// Prints a text and a line feed.
///
/// # Errors
/// Those of stdout.
pub fn line(text: &str) -> Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// Prints one JSON object: for people these members one below the other.
///
/// # Errors
/// Those of stdout.
pub fn object(format: Format, columns: &[&str], text: &str) -> Result<()> {
    match format {
        Format::Json | Format::Ndjson => line(text.trim()),
        Format::Csv => {
            let value: Value = serde_json::from_str(text).unwrap_or_default();
            records(format, columns, &[value])
        }
        Format::Table | Format::Markdown => {
            let value: Value = serde_json::from_str(text).unwrap_or_default();
            card(columns, &value)
        }
    }
}

/// A name and its value a line, for people; what is empty is left out.
fn card(columns: &[&str], value: &Value) -> Result<()> {
    let mut table = Table::bare();
    for column in columns {
        let text = value.get(column).map(|value| flat(value, cells::Main::Name)).unwrap_or_default();
        if !text.is_empty() {
            table.row([column.replace('_', " "), text]);
        }
    }
    line(&table.text())
}

/// Prints a few records: as a table of these columns, one array, one a line, or CSV.
///
/// # Errors
/// Those of stdout.
pub fn records(format: Format, columns: &[&str], values: &[Value]) -> Result<()> {
    let mut out = stdout();
    match format {
        Format::Json => {
            serde_json::to_writer(&mut out, values).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        Format::Ndjson => {
            for value in values {
                serde_json::to_writer(&mut out, value).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(&mut out);
            csv.write_record(columns).map_err(cells::of_csv)?;
            for value in values {
                csv.write_record(cells::csv_row(value, columns)).map_err(cells::of_csv)?;
            }
            csv.flush()?;
        }
        Format::Table | Format::Markdown => {
            let mut table = Table::with_header(columns);
            for value in values {
                table.row(cells::row(value, columns, cells::Main::Name));
            }
            writeln!(out, "{}", table.text())?;
        }
    }
    Ok(out.flush()?)
}
