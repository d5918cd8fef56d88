import CanonicalJSON
import Engine
import Words

/// Which text arguments can be copied from their questions, in every training row that has one.
struct CopiedArguments {
    private var isCopied: [String: [String: Bool]] = [:]

    /// Looks at a row, unless it is of a set that training does not see.
    mutating func add(_ row: Row) {
        guard RowSet.isTraining(row.set ?? RowSet.train.rawValue) else { return }
        let question = CopiedText(row.query)
        for call in row.answers {
            for (name, value) in call.arguments {
                let stands = value.string.map(question.has) ?? false
                isCopied[call.name, default: [:]][name, default: true] = stands && isCopied[call.name]?[name] ?? true
            }
        }
    }

    /// For the log: how many of the arguments that rows have.
    var line: String {
        let all = isCopied.values.flatMap(\.values)
        return "\(all.count { $0 }) of \(all.count) arguments stand in their questions in every training row"
    }

    /// The function with the mark of such arguments in its schema: answers may only copy them. An enumeration stays one.
    func marked(_ function: FunctionDefinition) -> FunctionDefinition {
        var function = function
        guard var schema = function.parameters.object, var properties = schema["properties"]?.object else { return function }
        for (name, isCopied) in isCopied[function.name] ?? [:] where isCopied {
            guard var property = properties[name]?.object, property["type"] == "string", property["enum"] == nil else {
                continue
            }
            property[SchemaMember.copy] = true
            properties[name] = .object(property)
        }
        schema["properties"] = .object(properties)
        function.parameters = .object(schema)
        return function
    }
}
