import BuildModel

/// Which files of an archive or a repository a source wants.
struct Members {
    private let patterns: [PathPattern]

    init(_ patterns: [String]) { self.patterns = patterns.map(PathPattern.init) }

    var isEmpty: Bool { patterns.isEmpty }

    /// Whether a file is wanted: any pattern matches it, or there is none. Paths that no artifact can hold, such as
    /// `.gitattributes`, are never wanted.
    func choose(_ path: String) -> Bool {
        Artifact.isPortable(path: path) && (isEmpty || patterns.contains { $0.matches(path) })
    }

    /// Refuses patterns that choose nothing.
    func check(all paths: [String], _ label: String) throws(FetchError) {
        let there = paths.filter(Artifact.isPortable).sorted()
        if there.isEmpty { throw .noMember(origin: label, pattern: patterns.first?.text ?? "*", there: []) }
        for pattern in patterns where !there.contains(where: pattern.matches) {
            throw .noMember(origin: label, pattern: pattern.text, there: there)
        }
    }
}
