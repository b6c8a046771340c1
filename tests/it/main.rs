//! Every integration test, in one binary: linking the engines once is what keeps the suite quick.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail")]

mod agreement;
mod architecture;
mod bad_input;
mod between_servers;
mod circumstances;
mod cli;
mod connections;
mod delta_sources;
mod elasticsearch;
mod elasticsearch_destination;
mod generated;
mod google;
mod interop;
mod kafka;
mod kafka_destination;
mod kaggle;
mod keyring;
mod machine_credentials;
mod main_job;
mod merge;
mod mongodb;
mod object_destinations;
mod object_stores;
mod postgres;
mod postgres_destination;
mod recipes;
mod reliability;
mod rest;
mod sources;
mod sqlite;
mod syncs;
mod third_party;
mod typing;
mod versions;
