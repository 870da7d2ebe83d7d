//! What happened, and who did it.

use std::fmt;

use crate::record::record;
use crate::{Action, ActorType, DateTime, RemoteData, Text};

record! {
    /// An event of the vendor's audit or sign-in log.
    pub struct Activity<'a> {
        required {
            /// The vendor's id of the event.
            id: Text<'a>,
        }
        /// Who was at work.
        actor: Actor<'a>,
        /// Id of the organization it happened in.
        organization: Text<'a>,
        /// Id of the group it happened in.
        group: Text<'a>,
        /// The event in a sentence.
        description: Text<'a>,
        /// What was done.
        action: Action<'a>,
        /// What was touched, by its id.
        entity: Text<'a>,
        /// What sort of thing that is.
        entity_type: Text<'a>,
        /// How and from where it was done.
        context: Context<'a>,
        /// When it happened.
        created_at: DateTime,
        /// The event in the vendor's own words.
        remote_data: RemoteData<'a>,
    }
}

// The sentence and the entity often name a person.
impl fmt::Debug for Activity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activity").field("id", &self.id).field("action", &self.action).finish_non_exhaustive()
    }
}

record! {
    /// Who did something.
    pub struct Actor<'a> {
        /// What sort of actor.
        r#type: ActorType<'a>,
        /// The user, where it was one.
        user: ActorUser<'a>,
    }
}

impl fmt::Debug for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor").field("type", &self.r#type).finish_non_exhaustive()
    }
}

record! {
    /// The user who did something.
    #[derive(Debug)]
    pub struct ActorUser<'a> {
        /// The vendor's id of the user.
        id: Text<'a>,
    }
}

record! {
    /// How and from where something was done.
    pub struct Context<'a> {
        /// The address it came from.
        ip_address: Text<'a>,
        /// The program it came from.
        user_agent: Text<'a>,
        /// How the actor had signed in.
        authentication_method: Text<'a>,
    }
}

// Address and program together can point to a person.
impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("authentication_method", &self.authentication_method).finish_non_exhaustive()
    }
}
