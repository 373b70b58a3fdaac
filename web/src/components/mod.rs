//! Parts that pages are put together from: functions from plain values to markup.
//! All text is escaped; sentences and money come ready from the caller.
