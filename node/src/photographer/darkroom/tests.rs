//! Tests over several modules of the darkroom.
