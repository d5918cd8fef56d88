import CanonicalJSON

/// A JSON Schema without references and conjunctions, which everything that reads a function's parameters understands: `$ref` is
/// replaced by what it leads to, `allOf` by one schema that says all of it, and `nullable` by a type.
///
/// Where a schema contains itself, its second occurrence says only its type: a regular language has no recursion.
struct SchemaUnfolding {
    /// Schemas that one function may unfold to: references can double at every level.
    static let mostSchemas = 10_000

    private let root: JSON
    private let function: String
    /// The references that are being replaced.
    private var open: [String] = []
    private var schemas = 0

    /// - Parameter function: its name, for messages.
    static func unfolded(_ parameters: JSON, function: String) throws(RowError) -> JSON {
        guard needsUnfolding(parameters) else { return parameters }
        var unfolding = SchemaUnfolding(root: parameters, function: function)
        return try unfolding.schema(parameters).filterMembers { key, _ in !definitions.contains(key) }
    }

    private init(root: JSON, function: String) { (self.root, self.function) = (root, function) }

    private static let definitions = ["$defs", "definitions"]
    private static let listsOfSchemas = ["anyOf", "oneOf", "prefixItems"]
    private static let mapsOfSchemas = ["properties", "patternProperties"]
    private static let singleSchemas = ["items", "additionalProperties", "not", "contains"]

    private static func needsUnfolding(_ json: JSON) -> Bool {
        switch json {
        case .array(let elements): elements.contains(where: needsUnfolding)
        case .object(let object):
            object.members.contains { key, value in
                key == "$ref" && value.string != nil || key == "allOf" && value.array != nil
                    || key == "nullable" && value == true
                    || needsUnfolding(value)
            }
        default: false
        }
    }

    private mutating func schema(_ json: JSON) throws(RowError) -> JSON {
        guard json.object != nil else { return json }
        schemas += 1
        guard schemas <= Self.mostSchemas else {
            throw RowError(
                "the parameters of '\(function)' unfold to more than \(Self.mostSchemas) schemas; shorten their $refs")
        }
        var members: [(String, JSON)] = []
        var parts: [JSON] = []
        for (key, value) in json.writtenMembers {
            switch key {
            case "$ref": if let path = value.string { parts.append(try target(of: path)) }
            case "allOf": for part in value.array ?? [] { parts.append(try schema(part)) }
            case "nullable": break
            case _ where Self.definitions.contains(key): members.append((key, value))
            case _ where Self.listsOfSchemas.contains(key):
                var schemas: [JSON] = []
                for element in value.array ?? [] { schemas.append(try schema(element)) }
                members.append((key, .array(schemas)))
            case _ where Self.mapsOfSchemas.contains(key):
                var schemas: [(String, JSON)] = []
                for (name, inner) in value.writtenMembers { schemas.append((name, try schema(inner))) }
                members.append((key, .object(inOrder: schemas)))
            case _ where Self.singleSchemas.contains(key): members.append((key, try schema(value)))
            default: members.append((key, value))
            }
        }
        let own = JSON.object(inOrder: members)
        let all = parts.isEmpty ? own : Self.conjunction(parts + [own])
        return json["nullable"] == true ? Self.nullable(all) : all
    }

    /// What a reference leads to. It leads into the same parameters: `#/$defs/Address`.
    private mutating func target(of path: String) throws(RowError) -> JSON {
        guard let target = Self.value(at: path, in: root) else {
            throw RowError("the parameters of '\(function)' refer to '\(path)', which they do not have; write the schema there")
        }
        guard !open.contains(path) else { return target["type"].map { ["type": $0] } ?? [:] }
        open.append(path)
        defer { open.removeLast() }
        return try schema(target)
    }

    /// The value at a JSON Pointer behind `#` (RFC 6901).
    private static func value(at path: String, in root: JSON) -> JSON? {
        guard path.hasPrefix("#") else { return nil }
        var value = root
        for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let key = (String(part).removingPercentEncoding ?? String(part)).replacing("~1", with: "/").replacing(
                "~0", with: "~")
            guard let next = value[key] ?? Int(key).flatMap({ value[$0] }) else { return nil }
            value = next
        }
        return value
    }

    // MARK: Several schemas in one

    /// One schema that demands what all of them demand. Members that say nothing to a reader of calls are the last one's.
    private static func conjunction(_ schemas: [JSON]) -> JSON {
        var result: JSON = [:]
        for schema in schemas where schema.object != nil {
            guard result.object?.isEmpty == false else {
                result = schema
                continue
            }
            var members = result.writtenMembers.map { ($0.key, $0.value) }
            for (key, value) in schema.writtenMembers {
                if let place = members.firstIndex(where: { $0.0 == key }) {
                    members[place].1 = both(members[place].1, value, of: key)
                } else {
                    members.append((key, value))
                }
            }
            result = .object(inOrder: members)
        }
        return result
    }

    private static func both(_ first: JSON, _ second: JSON, of key: String) -> JSON {
        switch key {
        case _ where mapsOfSchemas.contains(key):
            var members = first.writtenMembers.map { ($0.key, $0.value) }
            for (name, schema) in second.writtenMembers {
                if let place = members.firstIndex(where: { $0.0 == name }) {
                    members[place].1 = conjunction([members[place].1, schema])
                } else {
                    members.append((name, schema))
                }
            }
            return .object(inOrder: members)
        case "items": return conjunction([first, second])
        case "required":
            let names = first.array ?? []
            return .array(names + (second.array ?? []).filter { !names.contains($0) })
        case "enum":
            guard let values = first.array, let others = second.array else { return second }
            return .array(values.filter { value in others.contains { $0.canonical == value.canonical } })
        case "type":
            guard let types = first.array, let others = second.array ?? [second] as [JSON]? else { return second }
            let shared = types.filter(others.contains)
            return shared.isEmpty ? second : shared.count == 1 ? shared[0] : .array(shared)
        default: return second
        }
    }

    /// A schema that allows `null` too.
    private static func nullable(_ schema: JSON) -> JSON {
        guard let type = schema["type"], type.string != nil else { return schema }
        return schema.mapMembers { key, value in
            switch key {
            case "type": [type, "null"]
            case "enum": .array((value.array ?? []).filter { $0 != .null } + [.null])
            default: value
            }
        }
    }
}
