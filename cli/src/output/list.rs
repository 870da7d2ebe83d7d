//! Lists, as they come: nothing here grows with the number of items.

use std::io::{self, BufWriter, StdoutLock, Write};

use serde_json::{Value, json};
use userdir::directory::{JsonItems, JsonPage};
use userdir::schema::Resource;

use super::cells::{self, Main};
use super::{Table, stdout};
use crate::args::Format;
use crate::errors::{Failure, Result};

/// Writes the pages of one list.
pub struct ListWriter {
    format: Format,
    columns: Vec<String>,
    out: BufWriter<StdoutLock<'static>>,
    count: usize,
    pages: usize,
    widths: Vec<u16>,
}

impl ListWriter {
    /// For a list of this resource. Prints nothing yet.
    pub fn new(format: Format, resource: Resource) -> ListWriter {
        let columns = match format {
            Format::Csv => cells::csv_columns(resource),
            _ => cells::table_columns(resource).iter().map(|column| (*column).to_owned()).collect(),
        };
        ListWriter { format, columns, out: stdout(), count: 0, pages: 0, widths: Vec::new() }
    }

    /// How many items were written.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Writes some items.
    ///
    /// # Errors
    /// Those of stdout.
    pub fn page(&mut self, items: &JsonItems) -> Result<()> {
        match self.format {
            // the lines are as they should be: not a byte of them is looked at
            Format::Ndjson => self.out.write_all(&items.text)?,
            Format::Json => self.json(items)?,
            Format::Csv => self.csv(items)?,
            Format::Table | Format::Markdown => self.table(items)?,
        }
        self.count += items.count;
        self.pages += 1;
        Ok(self.out.flush()?)
    }

    fn json(&mut self, items: &JsonItems) -> io::Result<()> {
        if self.pages == 0 {
            self.out.write_all(b"[")?;
        }
        let mut first = self.count == 0;
        for item in items.lines() {
            self.out.write_all(if first { b"\n" } else { b",\n" })?;
            self.out.write_all(item.as_bytes())?;
            first = false;
        }
        Ok(())
    }

    fn csv(&mut self, items: &JsonItems) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(&mut self.out);
        if self.pages == 0 {
            csv.write_record(&self.columns).map_err(cells::of_csv)?;
        }
        for item in items.lines() {
            csv.write_record(cells::csv_row(&parse(item)?, &self.columns)).map_err(cells::of_csv)?;
        }
        csv.flush()
    }

    fn table(&mut self, items: &JsonItems) -> io::Result<()> {
        let mut table = if self.pages == 0 { Table::with_header(&self.columns) } else { Table::bare() };
        for item in items.lines() {
            table.row(cells::row(&parse(item)?, &self.columns, Main::Name));
        }
        if self.pages == 0 {
            self.widths = table.widths();
        } else if items.count == 0 {
            return Ok(());
        } else {
            table.keep_widths(&self.widths);
        }
        writeln!(self.out, "{}", table.text())
    }

    /// Ends a list that is complete.
    ///
    /// # Errors
    /// Those of stdout.
    pub fn complete(mut self) -> Result<()> {
        let count = self.count;
        match self.format {
            Format::Ndjson => self.trailer(&json!({"complete": true, "count": count}))?,
            Format::Json if self.pages == 0 => self.out.write_all(b"[]\n")?,
            Format::Json => self.out.write_all(b"\n]\n")?,
            _ => {}
        }
        Ok(self.out.flush()?)
    }

    /// Ends a page after which the list goes on.
    ///
    /// # Errors
    /// Those of stdout.
    pub fn goes_on(mut self, cursor: &str) -> Result<()> {
        let count = self.count;
        match self.format {
            Format::Ndjson => self.trailer(&json!({"complete": false, "count": count, "next_cursor": cursor}))?,
            _ => eprintln!("there is more: repeat it with `--cursor {cursor}`, or take all with `--all`"),
        }
        Ok(self.out.flush()?)
    }

    /// Ends a list that broke off. An array is left unclosed, so that nobody takes it for a whole one.
    ///
    /// # Errors
    /// Those of stdout.
    pub fn broken(mut self, failure: &Failure) -> Result<()> {
        let count = self.count;
        match self.format {
            Format::Ndjson => {
                let error = failure.json().get_mut("error").map(Value::take);
                self.trailer(&json!({"complete": false, "count": count, "error": error}))?;
            }
            Format::Json if self.pages > 0 => self.out.write_all(b"\n")?,
            _ => {}
        }
        Ok(self.out.flush()?)
    }

    fn trailer(&mut self, what: &Value) -> io::Result<()> {
        writeln!(self.out, "{}", json!({"userdir_trailer": what}))
    }
}

/// One page in the envelope of the wire API.
///
/// # Errors
/// Those of stdout.
pub fn envelope(page: &JsonPage) -> Result<()> {
    let mut out = stdout();
    out.write_all(b"{\"result\":[")?;
    for (index, item) in page.items.lines().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(item.as_bytes())?;
    }
    writeln!(
        out,
        "],\"next_cursor\":{},\"prev_cursor\":null,\"result_count\":{},\"is_partial_response\":{}}}",
        json!(page.next_cursor),
        page.items.count,
        page.is_partial,
    )?;
    Ok(out.flush()?)
}

fn parse(item: &str) -> io::Result<Value> {
    serde_json::from_str(item).map_err(io::Error::from)
}
