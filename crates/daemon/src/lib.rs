//! The daemon: gRPC services, conversion, authentication, configuration, composition root.

pub mod admin;
pub mod commands;
pub mod config;
pub mod convert;
pub mod demo;
pub mod dev;
pub mod grpc;
pub mod keys;
pub mod logs;
pub mod samples;
pub mod serve;
