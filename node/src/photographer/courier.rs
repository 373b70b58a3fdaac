//! What waits to reach another peer: print jobs for labs, statuses for the host,
//! wishes to publish. Each kind of parcel is delivered by its own conversation.
