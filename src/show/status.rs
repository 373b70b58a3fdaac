//! How all roles on this machine are, in words.

use std::path::PathBuf;

use enprint_host_index::views::HostStatus;
use enprint_node::lab::LabAnswer;
use enprint_node::photographer::PhotographerAnswer;
use serde::Serialize;

use super::{host, lab, photographer, work};

/// Every role whose data is on this machine.
#[derive(Debug, Serialize)]
pub struct MachineStatus {
    /// Hosts, then photographers, then labs.
    pub roles: Vec<RoleStatus>,
}

/// One role.
#[derive(Debug, Serialize)]
pub struct RoleStatus {
    /// `host`, `photographer` or `lab`.
    pub role: &'static str,
    /// Its data folder.
    pub data: PathBuf,
    /// Whether a process of it runs.
    pub running: bool,
    /// How it is; none when that can't be told.
    pub status: Option<Status>,
    /// Why it can't be told, in words.
    pub error: Option<String>,
}

/// How a role is.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Status {
    /// A host.
    Host(Box<HostStatus>),
    /// A photographer's node.
    Photographer(Box<PhotographerAnswer>),
    /// A lab.
    Lab(Box<LabAnswer>),
}

impl Status {
    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        match self {
            Self::Host(status) => status.process.is_some(),
            Self::Photographer(answer) => matches!(&**answer, PhotographerAnswer::Status(status) if status.running),
            Self::Lab(answer) => matches!(&**answer, LabAnswer::Status(status) if status.running),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Host(status) => host::status(status),
            Self::Photographer(answer) => photographer::words(answer),
            Self::Lab(answer) => lab::words(answer),
        }
    }
}

/// All of them in words.
pub fn words(machine: &MachineStatus) -> String {
    if machine.roles.is_empty() {
        return "There is no data of a host, photographer or lab there. --data DIR looks in DIR, and in the folders \
                host, photographer and lab in it."
            .into();
    }
    machine.roles.iter().map(role).collect::<Vec<_>>().join("\n")
}

/// What is damaged at a photographer's, if anything is, or how many orders do not go on; or
/// which role can't be asked. What a lab waits for it asks for again by itself.
pub fn failure(machine: &MachineStatus) -> Option<String> {
    machine.roles.iter().find_map(|one| match &one.status {
        Some(Status::Photographer(answer)) => work::failure(answer),
        Some(_) => None,
        None => Some(format!("the {} in {} can't be asked", one.role, one.data.display())),
    })
}

fn role(one: &RoleStatus) -> String {
    let mut text = format!("The {} in {}\n", one.role, one.data.display());
    let inside = match (&one.status, &one.error) {
        (Some(status), _) => status.words(),
        (None, Some(error)) => error.clone(),
        (None, None) => String::new(),
    };
    inside.lines().for_each(|line| text += &format!("  {line}\n"));
    text
}
