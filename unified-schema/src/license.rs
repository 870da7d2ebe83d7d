//! What the customer pays for: licenses, bills, and the use made of them.

use std::fmt;

use serde_json::{Map, Number, Value};

use crate::record::record;
use crate::{BillingFrequency, DateTime, LicenseStatus, ProductStatus, RemoteData, Text};

record! {
    /// A license, plan or subscription that users can be given.
    #[derive(Debug)]
    pub struct License<'a> {
        required {
            /// The vendor's id of the license.
            id: Text<'a>,
        }
        /// What the license is called.
        name: Text<'a>,
        /// What the license covers.
        description: Text<'a>,
        /// How many there are to give.
        available_quantity: Number,
        /// How many are given.
        assigned_quantity: Number,
        /// What one of them costs.
        unit_amount: Number,
        /// The roles that come with it.
        roles: Vec<LicenseRole<'a>>,
        /// Whether it costs money.
        is_paid: bool,
        /// The currency of `unit_amount`.
        currency: Text<'a>,
        /// Whether it is in force.
        status: LicenseStatus<'a>,
        /// The products it opens.
        products: Vec<LicenseProduct<'a>>,
        /// When it was made.
        created_at: DateTime,
        /// When it was last changed.
        updated_at: DateTime,
        /// The license in the vendor's own words.
        remote_data: RemoteData<'a>,
    }
}

record! {
    /// A role that comes with a license.
    #[derive(Debug)]
    pub struct LicenseRole<'a> {
        /// The vendor's id of the role.
        id: Text<'a>,
        /// What the role is called.
        name: Text<'a>,
    }
}

record! {
    /// A product that a license opens.
    #[derive(Debug)]
    pub struct LicenseProduct<'a> {
        /// The vendor's id of the product.
        id: Text<'a>,
        /// What the product is called.
        name: Text<'a>,
        /// How far it is set up.
        status: ProductStatus<'a>,
    }
}

record! {
    /// A bill, or a line of one (resource `billing`).
    #[derive(Debug)]
    pub struct Bill<'a> {
        required {
            /// The vendor's id of the bill.
            id: Text<'a>,
        }
        /// What is billed.
        description: Text<'a>,
        /// How often it comes.
        billing_frequency: BillingFrequency<'a>,
        /// The currency of the amounts.
        currency: Text<'a>,
        /// The whole amount, as decimal text: money is not for floating point.
        total_amount: Text<'a>,
        /// The tax, as decimal text.
        tax_amount: Text<'a>,
        /// First day of the billed period, in the vendor's spelling.
        start_date: Text<'a>,
        /// Last day of the billed period, in the vendor's spelling.
        end_date: Text<'a>,
        /// When it was made.
        created_at: DateTime,
        /// When it was last changed.
        updated_at: DateTime,
        /// The bill in the vendor's own words.
        remote_data: RemoteData<'a>,
    }
}

record! {
    /// A report on use, as a table: `columns` says what the cells of each of the `rows` mean.
    pub struct Utilization<'a> {
        required {
            /// Name of the report; it has no other id.
            name: Text<'a>,
            /// The columns, in the order of the cells.
            columns: Vec<Column<'a>>,
        }
        /// What else is to be known about the report, its period for example.
        metadata: Map<String, Value>,
        /// The rows, each a list of cells.
        rows: Vec<Vec<Value>>,
        /// The report in the vendor's own words.
        remote_data: RemoteData<'a>,
    }
}

// Rows are often one person each, so only their number is printed.
impl fmt::Debug for Utilization<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Utilization")
            .field("name", &self.name)
            .field("columns", &self.columns.len())
            .field("rows", &self.rows.as_ref().map(Vec::len))
            .finish_non_exhaustive()
    }
}

record! {
    /// A column of a report.
    #[derive(Debug)]
    pub struct Column<'a> {
        /// The heading.
        label: Text<'a>,
        /// What the cells mean.
        description: Text<'a>,
        /// How the cells are written.
        format: Text<'a>,
    }
}
