package org.jtorch.io;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.function.Function;

/// Checks that tensors cover the data of a file exactly: no hole, no overlap, nothing left over.
final class SafeTensorsLayout {
  private SafeTensorsLayout() {}

  static void check(Collection<SafeTensorsHeader.Item> items, long dataBytes, Function<String, DataException> bad) {
    var byPlace = new ArrayList<>(items);
    byPlace.sort(Comparator.comparingLong(SafeTensorsHeader.Item::begin).thenComparingLong(SafeTensorsHeader.Item::end));
    long covered = 0;
    for (var item : byPlace) {
      if (item.end() > dataBytes) {
        throw bad.apply("tensor '" + item.name() + "' ends at data byte " + item.end() + ", but the file holds only "
            + dataBytes + " data bytes: it was cut short");
      }
      if (item.begin() < covered) {
        throw bad.apply("tensor '" + item.name() + "' begins at data byte " + item.begin() + " and overlaps another that ends at "
            + covered);
      }
      if (item.begin() > covered) {
        throw bad.apply("data bytes " + covered + " to " + item.begin() + ", before tensor '" + item.name()
            + "', belong to no tensor: a hole");
      }
      covered = item.end();
    }
    if (covered < dataBytes) {
      throw bad.apply((dataBytes - covered) + " trailing bytes follow the last tensor");
    }
  }
}
