//! A vendor with a memory on a port, and what can be made to go wrong there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Directory, Particulars, Vendor};
use crate::server::{Answer, Break, Handler, Received};

/// What goes wrong next. Tricks are played in order; each waits for the request that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    /// So many requests are one too many.
    TooMany(u32),
    /// So many changes are one too many; reads are answered.
    TooManyChanges(u32),
    /// A change is made and its answer is lost.
    LoseAnswer,
    /// A change is answered as if it were made, and is not.
    DoNothing,
    /// A change is made, and so many reads afterwards do not show it.
    ShowLate(u32),
    /// The second page of a list is its first page once more.
    RepeatPage,
    /// Somebody of the first page leaves before the second one is read; and a group.
    Shrink,
}

/// A vendor on its stage.
pub struct Stage(Mutex<Playing>);

struct Playing {
    vendor: Box<dyn Vendor>,
    tricks: VecDeque<Trick>,
    /// What late readers still see, and how many of them.
    before: Option<(Box<dyn Vendor>, u32)>,
    /// The last answer to each reading, by its path, while a trick is waiting.
    pages: HashMap<String, Answer>,
    requests: Vec<(String, String)>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").finish_non_exhaustive()
    }
}

impl Stage {
    /// A vendor that nothing goes wrong at yet.
    pub fn new(vendor: Box<dyn Vendor>) -> Stage {
        let playing =
            Playing { vendor, tricks: VecDeque::new(), before: None, pages: HashMap::new(), requests: Vec::new() };
        Stage(Mutex::new(playing))
    }

    fn playing(&self) -> MutexGuard<'_, Playing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets this go wrong, after what is waiting already.
    pub fn trick(&self, trick: Trick) {
        self.playing().tricks.push_back(trick);
    }

    /// Whether a trick is waiting for its request still; none is afterwards.
    pub fn is_waiting(&self) -> bool {
        let mut playing = self.playing();
        playing.before = None;
        playing.pages.clear();
        !std::mem::take(&mut playing.tricks).is_empty()
    }

    /// The directory as it is, whatever readers are shown.
    pub fn directory(&self) -> Directory {
        self.playing().vendor.directory().clone()
    }

    /// Somebody who was invited accepts.
    pub fn accept(&self, email: &str) {
        self.playing().vendor.accept(email);
    }

    /// What this vendor needs to be told.
    pub fn particulars(&self) -> Particulars {
        self.playing().vendor.particulars()
    }

    /// Method and path of all requests since this was last asked.
    pub fn requests(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.playing().requests)
    }
}

#[async_trait]
impl Handler for Stage {
    async fn handle(&self, request: Received) -> Answer {
        let mut playing = self.playing();
        playing.requests.push((request.method.clone(), request.path.clone()));
        match playing.vendor.changes(&request) {
            true => playing.change(&request),
            false => playing.read(&request),
        }
    }
}

impl Playing {
    /// Whether the next trick is one of these; it is played now.
    fn next(&mut self, is_it: impl Fn(&Trick) -> bool) -> Option<Trick> {
        self.tricks.pop_front_if(|trick| is_it(trick))
    }

    fn refuses(&mut self, is_change: bool) -> Option<Answer> {
        let left = match self.tricks.front_mut() {
            Some(Trick::TooMany(left)) => left,
            Some(Trick::TooManyChanges(left)) if is_change => left,
            _ => return None,
        };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.tricks.pop_front();
        }
        Some(self.vendor.too_many())
    }

    fn change(&mut self, request: &Received) -> Answer {
        if let Some(refusal) = self.refuses(true) {
            return refusal;
        }
        let trick = self.next(|trick| matches!(trick, Trick::LoseAnswer | Trick::DoNothing | Trick::ShowLate(_)));
        let before = self.vendor.copy();
        let answer = self.vendor.answer(request);
        match trick {
            Some(Trick::LoseAnswer) => return answer.broken(Break::Reset),
            Some(Trick::DoNothing) => self.vendor = before,
            Some(Trick::ShowLate(reads)) => self.before = Some((before, reads)),
            _ => {}
        }
        answer
    }

    fn read(&mut self, request: &Received) -> Answer {
        if let Some(refusal) = self.refuses(false) {
            return refusal;
        }
        if let Some((before, left)) = &mut self.before
            && *left > 0
        {
            *left -= 1;
            return before.answer(request);
        }
        if self.vendor.is_further(request)
            && let Some(trick) = self.next(|trick| matches!(trick, Trick::RepeatPage | Trick::Shrink))
        {
            match (trick, self.pages.get(&request.path)) {
                (Trick::RepeatPage, Some(page)) => return page.clone(),
                _ => self.somebody_leaves(),
            }
        }
        let answer = self.vendor.answer(request);
        if !self.tricks.is_empty() {
            self.pages.insert(request.path.clone(), answer.clone());
        }
        answer
    }

    fn somebody_leaves(&mut self) {
        let directory = self.vendor.directory();
        if let Some(first) = directory.people.keys().next().cloned() {
            directory.dismiss(&first);
        }
        directory.groups.pop_first();
    }
}
