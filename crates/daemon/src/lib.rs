//! The daemon: gRPC services, conversion, authentication, configuration, composition root.

mod acting;
pub mod admin;
pub mod commands;
pub mod config;
pub mod convert;
pub mod demo;
pub mod dev;
pub mod grpc;
pub mod keys;
pub mod logs;
pub mod rehearsal;
pub mod samples;
pub mod serve;
