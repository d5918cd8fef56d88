/// Tables of mappings in Markdown, made from the definitions that the readers use.
package enum Tables {
    /// A section for each mapping and for those below it, depth first, each title once.
    package static func markdown(of mappings: [MappingDefinition]) -> String {
        var seen: Set<String> = []
        return mappings.flatMap(all).filter { seen.insert($0.title).inserted }.map(section).joined(separator: "\n")
    }

    private static func all(below mapping: MappingDefinition) -> [MappingDefinition] {
        [mapping] + mapping.fields.flatMap { mappings(in: $0.type).flatMap(all) }
    }

    private static func mappings(in type: ValueType) -> [MappingDefinition] {
        switch type {
        case .mapping(let mapping): [mapping]
        case .list(let element), .named(let element): mappings(in: element)
        case .either(let types): types.flatMap(mappings)
        default: []
        }
    }

    private static func section(_ mapping: MappingDefinition) -> String {
        let head = ["### `\(mapping.title)`", "", mapping.documentation]
        if mapping.fields.isEmpty { return head.joined(separator: "\n") + "\n" }
        let rows = mapping.fields.map { field in
            let standard = field.standard.flatMap { $0.isEmpty ? nil : $0.contains("`") ? $0 : "`\($0)`" }
            return "| `\(field.name)` | \(summary(field.type)) | \(standard ?? (field.isRequired ? "needed" : "")) | "
                + "\(field.documentation) |"
        }
        return (head + ["", "| field | values | default | |", "|---|---|---|---|"] + rows).joined(separator: "\n") + "\n"
    }

    private static func summary(_ type: ValueType) -> String {
        switch type {
        case .mapping(let mapping): "[`\(mapping.title)`](#\(anchor(mapping.title)))" + (mapping.mayBeNone ? " or `none`" : "")
        case .list(let element): "list: " + summary(element)
        case .named(let element): "names with " + summary(element)
        case .either(let types): types.map(summary).joined(separator: "; or ")
        default: type.summary
        }
    }

    /// As renderers of Markdown make the anchor of a heading.
    private static func anchor(_ title: String) -> String {
        title.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
    }
}
