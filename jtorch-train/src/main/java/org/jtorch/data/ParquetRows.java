package org.jtorch.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.Type;

/// The rows of a Parquet file with all their columns, lists of structures among them, as JSON objects.
final class ParquetRows {
  private ParquetRows() {}

  static void read(Path file, Consumer<JsonRow> rows) throws IOException {
    try (var reader = ParquetFileReader.open(new LocalInputFile(file))) {
      var schema = reader.getFooter().getFileMetaData().getSchema();
      var columns = new ColumnIOFactory().getColumnIO(schema);
      long number = 0;
      for (PageReadStore pages; (pages = reader.readNextRowGroup()) != null; ) {
        var records = columns.getRecordReader(pages, new GroupRecordConverter(schema));
        for (long i = 0; i < pages.getRowCount(); i++) {
          rows.accept(new JsonRow.Good(object(records.read()), file + ":" + ++number));
        }
      }
    }
  }

  private static ObjectNode object(Group group) {
    var node = JsonNodeFactory.instance.objectNode();
    GroupType type = group.getType();
    for (int f = 0; f < type.getFieldCount(); f++) {
      int count = group.getFieldRepetitionCount(f);
      if (type.getType(f).isRepetition(Type.Repetition.REPEATED)) {
        var list = node.putArray(type.getFieldName(f));
        for (int i = 0; i < count; i++) {
          list.add(value(group, f, i));
        }
      } else if (count > 0) {
        node.set(type.getFieldName(f), value(group, f, 0));
      } else {
        node.putNull(type.getFieldName(f));
      }
    }
    return node;
  }

  private static JsonNode value(Group group, int field, int index) {
    Type type = group.getType().getType(field);
    if (type.isPrimitive()) {
      return primitive(group, field, index);
    }
    Group inner = group.getGroup(field, index);
    return type.getLogicalTypeAnnotation() instanceof LogicalTypeAnnotation.ListLogicalTypeAnnotation ? list(inner) : object(inner);
  }

  /// A list holds one repeated field: a group around each element, or, as older writers have it, the element itself.
  private static ArrayNode list(Group group) {
    var list = JsonNodeFactory.instance.arrayNode();
    Type repeated = group.getType().getType(0);
    boolean wrapped = !repeated.isPrimitive() && repeated.asGroupType().getFieldCount() == 1;
    for (int i = 0; i < group.getFieldRepetitionCount(0); i++) {
      if (!wrapped) {
        list.add(value(group, 0, i));
      } else {
        Group around = group.getGroup(0, i);
        list.add(around.getFieldRepetitionCount(0) == 0 ? JsonNodeFactory.instance.nullNode() : value(around, 0, 0));
      }
    }
    return list;
  }

  private static JsonNode primitive(Group group, int field, int index) {
    var nodes = JsonNodeFactory.instance;
    return switch (group.getType().getType(field).asPrimitiveType().getPrimitiveTypeName()) {
      case BOOLEAN -> nodes.booleanNode(group.getBoolean(field, index));
      case INT32 -> nodes.numberNode(group.getInteger(field, index));
      case INT64 -> nodes.numberNode(group.getLong(field, index));
      case FLOAT -> nodes.numberNode(group.getFloat(field, index));
      case DOUBLE -> nodes.numberNode(group.getDouble(field, index));
      case BINARY -> nodes.textNode(group.getString(field, index));
      default -> nodes.textNode(group.getValueToString(field, index));
    };
  }
}
