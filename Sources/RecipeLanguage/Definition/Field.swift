import Diagnostics
import SpannedYAML

/// A field with a value of a known type: its definition, and how the value is read.
struct Field<Value: Sendable>: DefinedField {
    let definition: FieldDefinition
    /// Stands for a field that is left out.
    let standard: Value
    /// Reports a wrong value and gives `nil`.
    let read: @Sendable (Node, FieldPlace) -> Value?

    var name: String { definition.name }

    init(
        _ name: String, _ type: ValueType, standard: Value, spelled: String?, required: Bool = false, _ documentation: String,
        read: @escaping @Sendable (Node, FieldPlace) -> Value?
    ) {
        definition = FieldDefinition(
            name: name, type: type, standard: spelled, isRequired: required, documentation: documentation)
        self.standard = standard
        self.read = read
    }
}

/// Which field a value belongs to, and where problems with it go.
struct FieldPlace {
    /// Dotted.
    let field: String
    let findings: Findings

    func report(_ diagnostic: @autoclosure () -> Diagnostic) { findings.report(diagnostic()) }
}
