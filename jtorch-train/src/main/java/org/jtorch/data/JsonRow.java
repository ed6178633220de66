package org.jtorch.data;

import com.fasterxml.jackson.databind.node.ObjectNode;

/// A row of a data set of JSON objects, or what stands in its place.
public sealed interface JsonRow {
  /// `file:line`, in Parquet `file:row`; counted from 1.
  String place();

  /// A row that could be read.
  record Good(ObjectNode value, String place) implements JsonRow {}

  /// A row that could not.
  ///
  /// @param problem what is wrong with it, in words that follow its place
  record Broken(String problem, String place) implements JsonRow {}
}
