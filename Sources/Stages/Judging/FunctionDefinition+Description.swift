import CanonicalJSON
import Engine

extension FunctionDefinition {
    /// The function for a reader: its description, then each argument with its type, its values and whether it is required.
    ///
    /// ```
    /// set_light: Turns a light on or off.
    ///   room (string, required): The room.
    ///   state (string; one of "on", "off")
    ///   times (array of object)
    ///     hour (integer, required)
    /// ```
    var described: String {
        let head = summary.isEmpty ? name : "\(name): \(summary)"
        return ([head] + Self.lines(of: parameters, indent: "  ")).joined(separator: "\n")
    }

    /// The members of an object's schema, those of objects within it further to the right.
    private static func lines(of schema: JSON, indent: String) -> [String] {
        let required = (schema["required"]?.array ?? []).compactMap(\.string)
        return (schema["properties"] ?? [:]).sortedMembers.flatMap { name, member in
            [indent + line(of: name, member, isRequired: required.contains(name))]
                + lines(of: member["items"] ?? member, indent: indent + "  ")
        }
    }

    private static func line(of name: String, _ schema: JSON, isRequired: Bool) -> String {
        let marks = [typeName(of: schema), isRequired ? "required" : nil].compactMap(\.self).joined(separator: ", ")
        let values = (schema["enum"] ?? schema["items"]?["enum"])?.array.map { values in
            "one of " + values.map(\.canonicalText).joined(separator: ", ")
        }
        let standard = schema["default"].map { "by default \($0.canonicalText)" }
        let words = [marks.isEmpty ? nil : marks, values, standard].compactMap(\.self).joined(separator: "; ")
        let description = schema["description"]?.string.map { ": \($0)" } ?? ""
        return name + (words.isEmpty ? "" : " (\(words))") + description
    }

    /// `array of string`, `string or null`; `nil` for a schema that says none.
    private static func typeName(of schema: JSON) -> String? {
        guard let type = schema["type"] else { return nil }
        let word = type.string ?? (type.array ?? []).compactMap(\.string).joined(separator: " or ")
        guard word == "array", let items = schema["items"], let element = typeName(of: items) else { return word }
        return "array of \(element)"
    }
}
