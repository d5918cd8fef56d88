import BuildModel
import CanonicalJSON
import Declarations

/// A value that consists of declared parameters: a stage kind, or several parameters that kinds share.
///
/// The list of parameters is all that is known of them: readers, the canonical encoding, origins, defaults, tables and schema
/// are made from it.
package protocol ParameterGroup: Hashable, Sendable {
    static var parameters: [Parameter<Self>] { get }
    /// Every parameter as it is when nobody gives it.
    static var standard: Self { get }
    /// Gives what depends on other parameters the value that goes with them, or none.
    mutating func settle()
}

/// A parameter of a kind: its name, type, range, default, sentence, and how the key holds it.
package struct Parameter<Owner>: Sendable {
    /// In the key, and in stages of a recipe's own.
    package let name: String
    /// Dotted, in the recipe's section that the parameter belongs to; `nil` where other parts of the recipe decide it.
    let place: String?
    /// Under its name in the key.
    package let definition: FieldDefinition
    /// `nil` where the key leaves the parameter out.
    let encode: @Sendable (Owner) throws -> JSON?
    let decode: @Sendable (JSON?, inout Owner) throws -> Void
    /// Reads the parameter from fields that may have it under this name.
    let read: @Sendable (Fields, String, inout Owner) -> Void
    let settle: @Sendable (inout Owner) -> Void
    /// Where the value comes from, and those below it, under a prefix.
    let origins: @Sendable (Owner, String) -> [Origin]
}

/// Where a recipe's section has a parameter.
package enum RecipePlace: ExpressibleByStringLiteral, Sendable {
    /// Under the parameter's own name.
    case same
    /// In a field of another name, dotted where a mapping is around it.
    case field(String)
    /// In no field of its own: other parts of the recipe decide it.
    case elsewhere

    package init(stringLiteral value: String) { self = .field(value) }

    fileprivate func path(_ name: String) -> String? {
        switch self {
        case .same: name
        case .field(let path): path
        case .elsewhere: nil
        }
    }
}

/// Whether the key has a parameter that is as it is by default.
package enum KeyPresence: Sendable {
    case always
    /// It came after keys without it.
    case unlessStandard
}

extension Parameter where Owner: ParameterGroup {
    /// A parameter that always has a value.
    ///
    /// - Parameters:
    ///   - isNeeded: whether a stage of a recipe's own must give it.
    package init<Value: Codable & Hashable & Sendable>(
        _ path: WritableKeyPath<Owner, Spanned<Value>> & Sendable, _ field: Field<Value>, at place: RecipePlace = .same,
        key: KeyPresence = .always, isNeeded: Bool = false
    ) {
        let standard = Owner.standard[keyPath: path].value
        let field = isNeeded ? field.needed : field.defaulting(to: standard)
        self.init(
            name: field.name, place: place.path(field.name), definition: field.definition,
            encode: { owner in
                let value = owner[keyPath: path].value
                if key == .unlessStandard, value == standard { return JSON?.none }
                return try JSON(encoding: value)
            },
            decode: { json, owner in
                if json == nil, key == .unlessStandard { return }
                owner[keyPath: path].value = try Self.decode(json, field, standard)
            },
            read: { fields, name, owner in
                if let written = fields.written(field.named(name)) {
                    owner[keyPath: path] = written
                } else {
                    owner[keyPath: path].place = fields.standard(name, ()).place
                }
            },
            settle: { _ in }, origins: { $0[keyPath: path].place.origins(of: $1 + field.name) })
    }

    /// A parameter that may have no value: the key leaves it out then.
    ///
    /// - Parameters:
    ///   - condition: decides whether the parameter has a value, which is `standard` where nobody gives it; without a condition
    ///     it has one where it is given.
    package init<Value: Codable & Hashable & Sendable>(
        _ path: WritableKeyPath<Owner, Spanned<Value?>> & Sendable, _ field: Field<Value>, at place: RecipePlace = .same,
        when condition: (@Sendable (Owner) -> Spanned<Bool>)? = nil, standard: Value? = nil
    ) {
        let field = standard.map(field.defaulting) ?? field
        self.init(
            name: field.name, place: place.path(field.name), definition: field.definition,
            encode: { try $0[keyPath: path].value.map { try JSON(encoding: $0) } },
            decode: { json, owner in
                owner[keyPath: path].value = try json.map { try Self.decode($0, field, standard) }
            },
            read: { fields, name, owner in
                if let written = fields.written(field.named(name)) {
                    owner[keyPath: path] = written.map(Optional.some)
                } else {
                    owner[keyPath: path].place = fields.standard(name, ()).place
                }
            },
            settle: { owner in
                if let condition { owner[keyPath: path].settle(where: condition(owner), standard: standard) }
            },
            origins: { $0[keyPath: path].place.origins(of: $1 + field.name) })
    }

    /// Parameters under a name of their own.
    package init<Group: ParameterGroup>(
        _ path: WritableKeyPath<Owner, Group> & Sendable, _ name: String, _ documentation: String
    ) {
        let section = SectionField(name, Group.mapping(name, documentation))
        self.init(
            name: name, place: nil, definition: section.definition, encode: { try $0[keyPath: path].json },
            decode: { json, owner in owner[keyPath: path] = try Group(json: json ?? .null, at: name) },
            read: { fields, _, owner in owner[keyPath: path].read(own: fields.section(section)) },
            settle: { $0[keyPath: path].settle() },
            origins: { $0[keyPath: path].origins(below: $1 + name + ".") })
    }

    /// Parameters under a name of their own, all of which may be left out.
    package init<Group: ParameterGroup>(
        _ path: WritableKeyPath<Owner, Spanned<Group?>> & Sendable, _ name: String, _ documentation: String,
        when condition: (@Sendable (Owner) -> Spanned<Bool>)? = nil, standard: Group? = nil
    ) {
        let section = SectionField(name, Group.mapping(name, documentation))
        self.init(
            name: name, place: nil, definition: section.definition, encode: { try $0[keyPath: path].value?.json },
            decode: { json, owner in owner[keyPath: path].value = try json.map { try Group(json: $0, at: name) } },
            read: { fields, _, owner in
                guard let node = fields.node(name) else {
                    owner[keyPath: path].place = fields.standard(name, ()).place
                    return
                }
                var group = Group.standard
                group.read(own: fields.section(section))
                owner[keyPath: path] = Spanned(group, at: node.span, field: fields.fullName(of: name))
            },
            settle: { owner in
                if let condition { owner[keyPath: path].settle(where: condition(owner), standard: standard) }
                owner[keyPath: path].value?.settle()
            },
            origins: { owner, prefix in
                let group = owner[keyPath: path]
                return group.place.origins(of: prefix + name)
                    + (group.value?.origins(below: prefix + name + ".") ?? [])
            })
    }

    /// A value of a key. Keys come from elsewhere, too: a value that is not the default is in the field's range, as in a recipe.
    private static func decode<Value: Decodable & Equatable>(
        _ json: JSON?, _ field: Field<Value>, _ standard: Value?
    ) throws -> Value {
        guard let json else { throw ParameterError(name: field.name, reason: "is missing") }
        let value: Value
        do {
            value = try json.decode()
        } catch {
            throw ParameterError(name: field.name, reason: "cannot be \(json.canonicalText)")
        }
        if value != standard, let allowed = field.definition.type.range(brokenBy: json) {
            throw ParameterError(name: field.name, reason: "must be \(allowed), and is \(json.canonicalText)")
        }
        return value
    }
}

/// Parameters of an action that are not those of its kind.
package struct ParameterError: Error, Hashable, CustomStringConvertible {
    /// Dotted.
    package let name: String
    let reason: String

    package var description: String { "the parameter '\(name)' \(reason)" }
}

extension Spanned {
    /// A value that exists where another one says so: its default where nobody gives it, none elsewhere.
    fileprivate mutating func settle<Wrapped>(where applies: Spanned<Bool>, standard: Wrapped?) where Value == Wrapped? {
        if !applies.value {
            self = Spanned(nil, at: applies.place)
        } else if value == nil {
            self = Spanned(standard, at: applies.place)
        }
    }
}

extension Place {
    /// Where a parameter and its parts come from; nothing for a value that no recipe gives.
    func origins(of parameter: String) -> [Origin] {
        if self === Place.nowhere { return [] }
        return [Origin(parameter, self)] + parts.flatMap { $0.value.origins(of: parameter + "." + $0.key) }
    }
}

extension Origin {
    package init(_ parameter: String, _ place: Place) {
        self.init(
            parameter: parameter, field: place.field, file: place.span.source.path, line: place.span.line,
            column: place.span.column)
    }
}

extension ParameterGroup {
    /// All parameters, as a stage of a recipe's own gives them.
    package static func mapping(_ title: String, _ documentation: String) -> MappingDefinition {
        MappingDefinition(title, documentation, parameters)
    }

    /// Those that a recipe's section has, or a mapping in it.
    package static func fields(of group: String = "", except: Set<String> = []) -> [any DefinedField] {
        parameters.compactMap { parameter in
            guard !except.contains(parameter.name), let name = parameter.name(in: group) else { return nil }
            let isOwn = parameter.place == parameter.name
            return DeclaredField(definition: parameter.definition.named(name, isRequired: isOwn))
        }
    }

    /// Reads the parameters that a recipe's section has, or a mapping in it.
    package mutating func read(_ fields: Fields, of group: String = "", except: Set<String> = []) {
        for parameter in Self.parameters where !except.contains(parameter.name) {
            if let name = parameter.name(in: group) { parameter.read(fields, name, &self) }
        }
    }

    /// Reads all parameters of a stage of a recipe's own; those that are needed and missing are reported.
    package mutating func read(own fields: Fields) {
        for parameter in Self.parameters {
            parameter.read(fields, parameter.name, &self)
            if parameter.definition.isRequired, fields.node(parameter.name) == nil {
                fields.report(
                    .missingField(
                        parameter.name, in: fields.owner, at: fields.anchor, help: "add '\(parameter.name): …'"))
            }
        }
    }

    package mutating func settle() { settleParameters() }

    /// Settles each parameter that has a condition.
    package mutating func settleParameters() {
        for parameter in Self.parameters { parameter.settle(&self) }
    }

    /// Where each parameter comes from.
    package func origins(below prefix: String = "") -> [Origin] { Self.parameters.flatMap { $0.origins(self, prefix) } }

    /// As the key has it: every parameter by name.
    package var json: JSON {
        get throws {
            var members: [String: JSON] = [:]
            for parameter in Self.parameters { members[parameter.name] = try parameter.encode(self) }
            return .object(members)
        }
    }

    /// Reads back what `json` gave.
    package init(json: JSON) throws { try self.init(json: json, at: nil) }

    fileprivate init(json: JSON, at name: String?) throws {
        guard let members = json.object else { throw ParameterError(name: name ?? "", reason: "is no mapping") }
        self = Self.standard
        for parameter in Self.parameters {
            do {
                try parameter.decode(members[parameter.name], &self)
            } catch let error as ParameterError where name != nil {
                throw ParameterError(name: "\(name ?? "").\(error.name)", reason: error.reason)
            }
        }
    }
}

extension Parameter: DefinedField {
    /// The parameter's name in a recipe's section, or in a mapping of it; `nil` where it is elsewhere.
    fileprivate func name(in group: String) -> String? {
        guard let place else { return nil }
        let parts = place.split(separator: ".")
        guard parts.dropLast().joined(separator: ".") == group else { return nil }
        return parts.last.map(String.init)
    }
}

/// A field that other declarations make.
struct DeclaredField: DefinedField {
    let definition: FieldDefinition
}
