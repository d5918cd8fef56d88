import CanonicalJSON
import Engine

/// Functions that are written as one: one for every combination of some words, `open` and `lamp` among them.
struct FunctionFamily: Sendable {
    /// What templates call it.
    var name: String
    /// The words that tell members apart, by what they are called: `device` is one of `lamp`, `door`.
    var words: [String: [String]]
    /// Schemas of all parameters by the family's names for them.
    var schemas: [String: JSON]
    /// Which parameters a member may have; a set that is listed twice is had twice as often.
    var parameterSets: [Set<String>]
    var members: [Member]

    /// One function of a family.
    struct Member: Sendable {
        var words: [String: String]
        var function: FunctionDefinition
        /// What it calls its parameters, by the family's names for them.
        var parameters: [String: String]
    }

    /// All that templates may say of a member: its parameters by the family's names, none of them required.
    var definition: FunctionDefinition {
        FunctionDefinition(
            name: name, summary: "", parameters: ["type": "object", "properties": .object(schemas), "required": []])
    }
}

/// Functions and families of a file.
struct FunctionCatalogue: Sendable {
    /// Members among them. Sorted by name.
    var functions: [FunctionDefinition] = []
    var families: [FunctionFamily] = []
}
