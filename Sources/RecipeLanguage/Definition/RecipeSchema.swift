import CanonicalJSON
import Declarations
import Kinds

/// The language as a JSON Schema (2020-12), made from the definitions that the readers use.
///
/// It is as narrow as a schema can be: what spans several fields (shapes that divide, sources that exist) is left to
/// `decant check`.
package enum RecipeSchema {
    package static var json: JSON {
        var members = mapping(RecipeReader.definition).object ?? [:]
        members["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        members["title"] = "Decant recipe, version 1"
        // A recipe that extends another one may take its data from there.
        members["required"] = ["decant"]
        members["anyOf"] = [["required": ["data"]], ["required": ["extends"]]]
        members["$defs"] = .object(definitions)
        return .object(members)
    }

    /// What many fields share.
    private static let definitions: [String: JSON] = [
        "variable": ["type": "string", "pattern": #"\$\{[^}]+\}"#],
        "count": ["type": "string", "pattern": #"^[+-]?[0-9_.]+([eE][+-]?[0-9]+)?[kKmM]?$"#],
        "decimal": ["type": "string", "pattern": #"^[+-]?[0-9.]+([eE][+-]?[0-9]+)?$"#],
        "percentage": ["type": "string", "pattern": #"^[+-]?[0-9.]+([eE][+-]?[0-9]+)? *%?$"#],
        "bytes": ["type": "string", "pattern": #"^[0-9.]+([eE][0-9]+)? *([kMG]B|[KMG]iB|B)?$"#],
        "duration": ["type": "string", "pattern": #"^[0-9.]+([eE][+-]?[0-9]+)? *(ms|s|min|h|d)?$"#],
        "flag": ["type": "string", "pattern": "^([Tt]rue|[Ff]alse|[Yy]es|[Nn]o|[Oo]n|[Oo]ff|TRUE|FALSE|YES|NO|ON|OFF)$"],
        "text": ["type": ["string", "number", "boolean"]],
        "name": ["type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"],
    ]

    private static func mapping(_ definition: MappingDefinition) -> JSON {
        var properties: [String: JSON] = [:]
        for field in definition.fields {
            var schema = value(field.type).object ?? [:]
            schema["description"] = .string(field.documentation)
            properties[field.name] = .object(schema)
        }
        var schema: [String: JSON] = ["type": "object", "properties": .object(properties), "additionalProperties": false]
        if definition.title == NamedStage.Definition.mapping.title { schema["allOf"] = ownKinds }
        return .object(schema)
    }

    /// Each kind's parameters, for the stages that name it.
    private static var ownKinds: JSON {
        .array(
            KindCatalogue.standard.ownKinds.filter { $0.name != Exec.name }.map { kind in
                [
                    "if": ["properties": ["kind": ["const": .string(kind.name)]], "required": ["kind"]],
                    "then": ["properties": ["parameters": value(.mapping(kind.documentation))]],
                ]
            })
    }

    /// A value, or nothing, or a variable that stands for it.
    private static func value(_ type: ValueType) -> JSON {
        ["anyOf": .array(alternatives(type) + [["type": "null"], reference("variable")])]
    }

    private static func alternatives(_ type: ValueType) -> [JSON] {
        switch type {
        case .integer(let range):
            var number: [String: JSON] = ["type": "integer", "minimum": .integer(Int64(range.lowerBound))]
            if range.upperBound < .max { number["maximum"] = .integer(Int64(range.upperBound)) }
            return [.object(number), reference("count")]
        case .number(let range): return [number(range), reference("decimal")]
        case .share(let range): return [number(range), reference("percentage")]
        case .bytes(let range): return [["type": "integer", "minimum": .integer(Int64(range.lowerBound))], reference("bytes")]
        case .duration(let range): return [number(range), reference("duration")]
        case .flag: return [["type": "boolean"], reference("flag")]
        case .text: return [reference("text")]
        case .choice(let words): return [["enum": .array(words.map(word))]]
        case .list(let element): return [["type": "array", "items": value(element)]] + alternatives(element)
        case .mapping(let definition):
            return [mapping(definition)] + (definition.mayBeNone ? [["const": "none"]] : [])
        case .named(let element):
            return [["type": "object", "propertyNames": reference("text"), "additionalProperties": value(element)]]
        case .either(let types): return types.flatMap(alternatives)
        case .anything: return [true]
        }
    }

    /// `decant: 1` is a number to YAML, all other words are texts.
    private static func word(_ text: String) -> JSON { Int64(text).map(JSON.integer) ?? .string(text) }

    private static func number(_ range: ClosedRange<Double>) -> JSON {
        ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
    }

    private static func reference(_ name: String) -> JSON { ["$ref": .string("#/$defs/\(name)")] }
}
