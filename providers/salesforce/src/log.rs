//! What happened: changes in Setup, and sign-ins.

use userdir_core::action::*;
use userdir_core::{Call, Page, PageRequest, Result, async_trait};
use userdir_schema::Activity;

use crate::query::Part;
use crate::soql::Query;
use crate::{Salesforce, id, map};

type Activities = Part<Activity<'static>>;

#[async_trait]
impl ListActivities for Salesforce {
    /// First the changes, then the sign-ins, each newest first. Sign-ins take conditions on user and time alone.
    async fn list_activities(
        &self,
        call: &Call,
        request: PageRequest<ActivityFilter>,
    ) -> Result<Page<Activity<'static>>> {
        if let Some(actor) = &request.filter.actor_id {
            id::expect(actor, id::USER, "a user")?;
            if request.cursor.is_none() {
                self.must_exist(call, "User", actor).await?;
            }
        }
        let page = self.parts(call, &request, parts(&request.filter)).await?;
        Ok(page.rechecked(by_action(&request.filter)))
    }
}

fn parts(filter: &ActivityFilter) -> Vec<Activities> {
    let fields = "Id, Action, Section, Display, CreatedById, CreatedBy.Name, CreatedDate, DelegateUser, \
            ResponsibleNamespacePrefix";
    let mut changes =
        Query::new(fields, "SetupAuditTrail").within("CreatedDate", &filter.created_at).order("CreatedDate DESC");
    let fields = "Id, UserId, LoginTime, LoginType, LoginSubType, Status, SourceIp, Application, Browser, Platform, \
            CountryIso";
    let mut sign_ins =
        Query::new(fields, "LoginHistory").within("LoginTime", &filter.created_at).order("LoginTime DESC");
    if let Some(actor) = &filter.actor_id {
        changes = changes.is("CreatedById", actor);
        sign_ins = sign_ins.is("UserId", actor);
    }
    let changes = Activities { query: changes, map: map::setup_change };
    let sign_ins = Activities { query: sign_ins, map: map::sign_in };
    match &filter.action {
        None => vec![changes, sign_ins],
        Some(action) => {
            let of_sign_ins = |word: &String| matches!(word.as_str(), "login" | "login_failed");
            let words = action.lower_case();
            let mut parts = Vec::new();
            if words.iter().any(|word| !of_sign_ins(word)) {
                parts.push(changes);
            }
            if words.iter().any(of_sign_ins) {
                parts.push(sign_ins);
            }
            parts
        }
    }
}

/// What the queries do not tell by themselves.
fn by_action(filter: &ActivityFilter) -> ActivityFilter {
    filter.action.clone().map(|action| ActivityFilter::default().action(action)).unwrap_or_default()
}
