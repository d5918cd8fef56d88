import CanonicalJSON

/// What a kind's artifact holds: one file, or files whose names the stage's inputs or parameters decide.
package enum Output: Sendable {
    case named(String, isOptional: Bool = false, figures: Figures? = nil)
    /// `<set>.jsonl`, one for each set.
    case sets
    /// A model folder, or where adapters are trained an adapter folder.
    case model
    /// Files and folders that the stage's own parameters name.
    case declared

    package static func file<Content>(_ file: File<Content>, isOptional: Bool = false) -> Output {
        .named(file.name, isOptional: isOptional)
    }

    /// A file of figures, which `show` prints.
    package static func figures(_ file: File<JSON>, as figures: Figures = .plain) -> Output {
        .named(file.name, figures: figures)
    }

    /// As the tables of the documentation have it.
    package var name: String {
        switch self {
        case .named(let name, _, _): name
        case .sets: "<set>.jsonl"
        case .model: "a model folder"
        case .declared: "the files and folders that it declares"
        }
    }

    package var figures: Figures? { if case .named(_, _, let figures) = self { figures } else { nil } }
}

/// How figures are written for people.
package struct Figures: Sendable {
    /// - Parameters: the file's name and its content.
    package let text: @Sendable (String, JSON) -> String

    /// The file as it is, below its name.
    package static let plain = Figures { name, content in "\(name)\n\(content.prettyText)" }

    package init(text: @escaping @Sendable (String, JSON) -> String) { self.text = text }
}
