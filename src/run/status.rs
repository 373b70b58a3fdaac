//! How every role is whose data is on this machine, whether or not it runs.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use enprint_node::lab::Lab;
use enprint_node::photographer::Photographer;

use super::data_folder::MARKS;
use super::{command, host, lab, photographer};
use crate::cli::host::HostOptions;
use crate::cli::lab::LabOptions;
use crate::cli::photographer::PhotographerOptions;
use crate::cli::status::StatusArgs;
use crate::config::{Config, HostSection, data_dir};
use crate::show;
use crate::show::status::{MachineStatus, RoleStatus, Status};

/// Shows the roles that are found.
pub async fn run(args: StatusArgs, config: Config, json: bool) -> Result<()> {
    let folders = match args.data.is_empty() {
        true => usual_folders(&config),
        false => args.data.iter().flat_map(|folder| below(folder)).collect(),
    };
    let mut roles = Vec::new();
    for (role, mark) in MARKS {
        for data in folders.iter().filter(|folder| folder.join(mark).is_file()) {
            roles.push(one(role, data, &config.host).await);
        }
    }
    let machine = MachineStatus { roles };
    show::answer(json, &machine, show::status::words)?;
    show::status::failure(&machine).map_or(Ok(()), |words| Err(anyhow!(words)))
}

/// Where each role keeps its data: by the environment, the configuration file, or as usual.
fn usual_folders(config: &Config) -> Vec<PathBuf> {
    let configured = [config.host.data(), config.photographer.data(), config.lab.data()];
    let folders = MARKS.iter().zip(configured).filter_map(|((role, _), configured)| {
        let variable = format!("ENPRINT_{}_DATA", role.to_uppercase());
        let given = std::env::var_os(variable).map(PathBuf::from).or_else(|| configured.map(Path::to_owned));
        data_dir(given, role).ok()
    });
    folders.collect()
}

/// The folder itself, and those in it that have a role's name.
fn below(folder: &Path) -> Vec<PathBuf> {
    std::iter::once(folder.to_owned()).chain(MARKS.iter().map(|(role, _)| folder.join(role))).collect()
}

async fn one(role: &'static str, data: &Path, host: &HostSection) -> RoleStatus {
    let found = match role {
        "host" => of_host(data, host).await,
        "photographer" => of_photographer(data).await,
        _ => of_lab(data).await,
    };
    let data = data.to_owned();
    match found {
        Ok(status) => RoleStatus { role, data, running: status.is_running(), status: Some(status), error: None },
        Err(error) => RoleStatus { role, data, running: false, status: None, error: Some(show::sentence(&error)) },
    }
}

async fn of_host(data: &Path, section: &HostSection) -> Result<Status> {
    let database = std::env::var("ENPRINT_HOST_DATABASE").ok().or_else(|| section.database());
    let options = HostOptions { data: Some(data.to_owned()), database, ..HostOptions::default() };
    Ok(Status::Host(Box::new(host::status(host::config(options)?).await?)))
}

async fn of_photographer(data: &Path) -> Result<Status> {
    let options = PhotographerOptions { data: Some(data.to_owned()), ..PhotographerOptions::default() };
    let answer = command::look::<Photographer>(photographer::config(options)?).await?;
    Ok(Status::Photographer(Box::new(answer)))
}

async fn of_lab(data: &Path) -> Result<Status> {
    let options = LabOptions { data: Some(data.to_owned()), ..LabOptions::default() };
    Ok(Status::Lab(Box::new(command::look::<Lab>(lab::config(options)?).await?)))
}
