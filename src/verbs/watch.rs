//! Watch: a collection's past from some revision on, then its future.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    Api, Kinds, ListOptions, Target,
    get::parse_revision,
    read::{selection::Selection, stored},
};
use crate::{
    kinds::{Kind, Verb},
    object::{FieldError, FieldErrors, Key, Path, Reason, Revision, Status, status::Result},
    store::{self, Cursor, Event, Stored, Walk},
};

/// How often an idle watcher gets a bookmark.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);
/// How long before its deadline a watcher gets its last bookmark.
const LAST_BOOKMARK_LEAD: Duration = Duration::from_secs(2);
/// Shortest watch when the client names no timeout; the longest is twice that.
const TIMEOUT_MIN: Duration = Duration::from_secs(1800);
/// How long a watch that wants initial events waits for a revision from the future.
const FUTURE_WAIT_MAX: Duration = Duration::from_secs(3);

/// How many bytes of the initial state are sent together: a client that does not read holds up no more.
const INITIAL_BYTES: usize = 1 << 20;

/// A running watch.
pub struct Watch {
    api: Api,
    selection: Selection,
    kind: Kind,
    kinds: watch::Receiver<Arc<Kinds>>,
    start: Start,
    /// Objects of the initial state that have been read and not yet been looked at.
    objects: VecDeque<(Key, Arc<Stored>)>,
    cursor: Option<Cursor>,
    /// Events that have been read and not yet been looked at.
    events: VecDeque<Arc<Event>>,
    /// What is to be returned next.
    ready: Vec<WatchEvent>,
    bookmarks: bool,
    next_bookmark: Instant,
    deadline: Instant,
    ended: bool,
}

/// What is sent before the first change.
enum Start {
    /// The state as it was, then perhaps the bookmark that ends it.
    State { objects: Walk, marked: bool },
    /// An error, after which the watch ends.
    Failed(Box<Status>),
    /// Nothing.
    Done,
}

/// One event of a watch.
pub enum WatchEvent {
    /// An object changed.
    Object {
        /// How.
        kind: EventType,
        /// Its bytes without `kind` and `apiVersion`, with the revision this event has.
        bytes: Bytes,
        /// The store's event, whose memo shares encodings between watchers; `None` for initial state.
        event: Option<Arc<Event>>,
    },
    /// How far the watch has got.
    Bookmark {
        /// The revision.
        revision: Revision,
        /// Whether it ends the initial events.
        initial_events_end: bool,
    },
    /// The watch failed and ends.
    Error(Box<Status>),
}

/// What happened to an object, as seen through a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    Added,
    Modified,
    Deleted,
}

impl EventType {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

impl Api {
    /// Starts a watch.
    pub async fn watch(&self, target: &Target, options: &ListOptions) -> Result<Watch> {
        if !target.def.allows(Verb::Watch) {
            return Err(Status::method_not_allowed());
        }
        let errors = validate_watch(options);
        if !errors.is_empty() {
            return Err(Status::invalid_named("meta.k8s.io", "ListOptions", "", &errors));
        }
        let selection = Selection::parse(target, options)?;
        let asked = parse_revision(&options.resource_version).map_err(Status::untyped)?;
        let prefix = target.prefix();
        let wants_state = options.send_initial_events.unwrap_or(asked.0 == 0);
        let (start, after) = if wants_state {
            if self.0.store.wait_for(asked, FUTURE_WAIT_MAX).await.is_err() {
                let status = Status::too_large_resource_version(asked.0, self.revision().0);
                (Start::Failed(status), self.revision())
            } else {
                let snapshot = self.0.store.snapshot();
                let marked = options.send_initial_events == Some(true) && options.allow_watch_bookmarks;
                (Start::State { objects: snapshot.walk(&prefix), marked }, snapshot.revision())
            }
        } else if asked.0 == 0 {
            (Start::Done, self.revision())
        } else {
            (Start::Done, asked)
        };
        let (start, cursor) = match self.0.store.watch(prefix, after) {
            Ok(cursor) => (start, Some(cursor)),
            Err(error) => (Start::Failed(failure(error, after)), None),
        };
        let timeout = options.timeout.unwrap_or_else(|| self.default_timeout());
        let now = Instant::now();
        let deadline = now + timeout;
        Ok(Watch {
            api: self.clone(),
            selection,
            kind: target.def.clone(),
            kinds: self.0.registry.subscribe(),
            start,
            objects: VecDeque::new(),
            cursor,
            events: VecDeque::new(),
            ready: Vec::new(),
            bookmarks: options.allow_watch_bookmarks,
            next_bookmark: bookmark_after(now, deadline),
            deadline,
            ended: false,
        })
    }

    fn default_timeout(&self) -> Duration {
        let extra = self.0.context.random("watch", u128::from(TIMEOUT_MIN.as_secs()));
        TIMEOUT_MIN + Duration::from_secs(u64::try_from(extra).unwrap_or_default())
    }
}

impl Watch {
    /// The next events, at least one; `None` when the watch is over. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Vec<WatchEvent>> {
        if self.ended {
            return None;
        }
        let (mut kinds, kind, deadline) = (self.kinds.clone(), self.kind.clone(), self.deadline);
        tokio::select! {
            biased;
            events = self.advance() => events,
            () = is_removed(&mut kinds, &kind) => None,
            () = sleep_until(deadline) => None,
        }
    }

    async fn advance(&mut self) -> Option<Vec<WatchEvent>> {
        loop {
            if let Err(status) = self.look().await {
                self.ended = true;
                self.ready.push(WatchEvent::Error(status));
            }
            if !self.ready.is_empty() {
                return Some(std::mem::take(&mut self.ready));
            }
            if self.read_state() {
                continue;
            }
            let cursor = self.cursor.as_mut()?;
            tokio::select! {
                biased;
                batch = cursor.next() => match batch {
                    Ok(batch) => self.events.extend(batch),
                    Err(store::Error::Closed) => return None,
                    Err(error) => {
                        self.ended = true;
                        let at = self.cursor.as_ref().map(Cursor::position).unwrap_or_default();
                        self.ready.push(WatchEvent::Error(failure(error, at)));
                    }
                },
                () = sleep_until(self.next_bookmark), if self.bookmarks && self.next_bookmark < self.deadline => {
                    let bookmark = self.bookmark();
                    self.ready.push(bookmark);
                }
            }
        }
    }

    /// Looks at everything that has been read. What it comes to is ready.
    async fn look(&mut self) -> Result<()> {
        while let Some((key, stored)) = self.objects.front() {
            let object = self.api.seen(&self.kind, stored).await?;
            if self.selection.matches(key, &object) {
                let bytes = object.bytes().clone();
                self.ready.push(WatchEvent::Object { kind: EventType::Added, bytes, event: None });
            }
            self.objects.pop_front();
        }
        while let Some(event) = self.events.front() {
            let event = Arc::clone(event);
            if self.selection.may_match(&event.key) {
                let seen = self.seen(event).await?;
                self.ready.extend(seen);
            }
            self.events.pop_front();
        }
        Ok(())
    }

    /// Reads the next piece of the initial state; `false` if there is none.
    fn read_state(&mut self) -> bool {
        match std::mem::replace(&mut self.start, Start::Done) {
            Start::Done => return false,
            Start::Failed(status) => {
                self.ended = true;
                self.ready.push(WatchEvent::Error(status));
            }
            Start::State { mut objects, marked } => {
                let (kind, selection) = (&self.kind, &self.selection);
                let may_match = |key: &Key, object: &Stored| {
                    selection.may_match(key) && (!stored::is_settled(kind, object) || selection.matches(key, object))
                };
                let piece = objects.next(INITIAL_BYTES, may_match);
                if !piece.is_empty() {
                    self.objects.extend(piece);
                    self.start = Start::State { objects, marked };
                } else if marked {
                    let revision = objects.snapshot().revision();
                    self.ready.push(WatchEvent::Bookmark { revision, initial_events_end: true });
                }
            }
        }
        true
    }

    fn bookmark(&mut self) -> WatchEvent {
        self.next_bookmark = bookmark_after(self.next_bookmark, self.deadline);
        let revision = self.cursor.as_ref().map(Cursor::position).unwrap_or_default();
        WatchEvent::Bookmark { revision, initial_events_end: false }
    }

    /// What an event looks like through the selectors: decided on the object before and now.
    async fn seen(&self, event: Arc<Event>) -> Result<Option<WatchEvent>> {
        let matches = |object: &Stored| self.selection.matches(&event.key, object);
        let before = match &event.before {
            Some(before) => Some(self.api.seen(&self.kind, before).await?).filter(|before| matches(before)),
            None => None,
        };
        if event.deleted && before.is_none() {
            return Ok(None);
        }
        let object = self.api.seen(&self.kind, &event.object).await?;
        let now = !event.deleted && matches(&object);
        let (kind, bytes) = match (before, now) {
            (None, false) => return Ok(None),
            (None, true) => (EventType::Added, object.bytes().clone()),
            (Some(_), true) => (EventType::Modified, object.bytes().clone()),
            (Some(_), false) if event.deleted => (EventType::Deleted, object.bytes().clone()),
            (Some(before), false) => (EventType::Deleted, before.with_revision(event.revision)),
        };
        Ok(Some(WatchEvent::Object { kind, bytes, event: Some(event) }))
    }
}

/// Waits until a kind is served no longer, or in another definition: clients then have to begin anew.
async fn is_removed(kinds: &mut watch::Receiver<Arc<Kinds>>, kind: &Kind) {
    // The sender lives as long as the API, so an error means that nothing is served any more.
    let _ = kinds.wait_for(|kinds| !kinds.contains(kind)).await;
}

/// When the next bookmark is due: after the interval, or shortly before the deadline if that is sooner.
fn bookmark_after(now: Instant, deadline: Instant) -> Instant {
    let regular = now + BOOKMARK_INTERVAL;
    match deadline.checked_sub(LAST_BOOKMARK_LEAD) {
        Some(last) if last > now => regular.min(last),
        _ => regular,
    }
}

fn failure(error: store::Error, after: Revision) -> Box<Status> {
    match error {
        store::Error::Compacted { oldest } => {
            Status::new(Reason::Expired, format!("too old resource version: {after} ({oldest})"))
        }
        error => Status::internal(error),
    }
}

fn validate_watch(options: &ListOptions) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let path = Path::new("resourceVersionMatch");
    let wanted = options.resource_version_match.as_str();
    if options.send_initial_events.is_some() {
        if wanted.is_empty() {
            let text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            errors.push(FieldError::forbidden(&path, text));
        } else if wanted != "NotOlderThan" {
            errors.push(FieldError::not_supported(&path, wanted, &["NotOlderThan"]));
        }
        if !options.continue_token.is_empty() {
            errors.push(FieldError::forbidden(&path, "resourceVersionMatch is forbidden when continue is provided"));
        }
    } else if !wanted.is_empty() {
        let text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        errors.push(FieldError::forbidden(&path, text));
        if wanted != "NotOlderThan" {
            errors.push(FieldError::not_supported(&path, wanted, &["NotOlderThan"]));
        }
    }
    errors
}
