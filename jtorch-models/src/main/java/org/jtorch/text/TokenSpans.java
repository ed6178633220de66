package org.jtorch.text;

/// Token ids and what part of the text each stands for, in code points from `starts` to before `ends`; a token that stands
/// for nothing begins and ends where the one before it ends.
@SuppressWarnings("ArrayRecordComponent") // a result, never compared
public record TokenSpans(long[] ids, int[] starts, int[] ends) {}
