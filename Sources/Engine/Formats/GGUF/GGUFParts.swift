import Foundation

/// The files of a model that is split: `NAME-00001-of-00003.gguf` and so on. The first has the metadata, each some tensors.
package struct GGUFParts {
    let urls: [URL]

    var count: Int { urls.count }

    /// A part by its name.
    package struct Name: Hashable {
        /// The folder and the name before the numbers.
        package var stem: String
        package var number: Int
        package var count: Int

        /// `nil` for names that say of no part.
        package init?(_ path: String) {
            guard let match = path.wholeMatch(of: /(.+)-(\d{5})-of-(\d{5})\.gguf/.ignoresCase()), let number = Int(match.2),
                let count = Int(match.3), number >= 1, number <= count
            else { return nil }
            (stem, self.number, self.count) = (String(match.1), number, count)
        }

        /// The name of another part.
        func named(_ number: Int) -> String { "\(stem)-\(Self.digits(number))-of-\(Self.digits(count)).gguf" }

        private static func digits(_ number: Int) -> String { String(String(100_000 + number).dropFirst()) }
    }

    /// The GGUF files among the paths of a folder; of a model's parts the first that is there.
    package static func models(among paths: [String]) -> [String] {
        var known: Set<String> = []
        return paths.filter { $0.lowercased().hasSuffix(".gguf") }.sorted().filter { path in
            guard let name = Name(path) else { return true }
            return known.insert("\(name.stem)/\(name.count)").inserted
        }
    }

    /// The parts that belong to a file; the file alone where it is whole.
    ///
    /// - Throws: where parts are missing, or the file says otherwise than its name.
    init(of file: GGUFFile, at url: URL) throws(ModelFileError) {
        let stated = file.metadata[Self.countKey]?.integer ?? 1
        let name = Name(url.lastPathComponent)
        guard stated > 1 || (name?.count ?? 1) > 1 else {
            urls = [url]
            return
        }
        guard let name else {
            throw ModelFileError(
                file: file.file,
                reason: "it is one of \(stated) parts of a model, and its name does not say which; name the parts "
                    + "NAME-00001-of-\(String(String(100_000 + stated).dropFirst())).gguf and so on")
        }
        guard name.count == stated else {
            throw ModelFileError(
                file: file.file,
                reason: "its name says that there are \(name.count) parts, and its \(Self.countKey) is \(stated)")
        }
        let folder = url.deletingLastPathComponent()
        urls = (1...name.count).map { $0 == name.number ? url : folder.appending(path: name.named($0)) }
        let missing = urls.filter { !FileManager.default.fileExists(atPath: $0.path) }.map(\.lastPathComponent)
        guard missing.isEmpty else {
            let list = missing.prefix(3).joined(separator: ", ") + (missing.count > 3 ? " and \(missing.count - 3) more" : "")
            throw ModelFileError(
                file: file.file, reason: "it is one of \(stated) parts of a model, and \(list) is missing beside it")
        }
    }

    private static let countKey = "split.count"

    /// One file of all parts, which must agree.
    func joined(_ files: [GGUFFile]) throws(ModelFileError) -> GGUFFile {
        var names: [String: String] = [:]
        for (number, file) in files.enumerated() {
            func refused(_ reason: String) -> ModelFileError { ModelFileError(file: file.file, reason: reason) }
            let (own, parts) = (file.metadata["split.no"]?.integer, file.metadata[Self.countKey]?.integer)
            guard parts == files.count else {
                let stated = parts.map(String.init) ?? "missing"
                throw refused("its \(Self.countKey) is \(stated), and there are \(files.count) parts")
            }
            guard own == number else {
                throw refused("its split.no is \(own.map(String.init) ?? "missing"), and its name says part \(number + 1)")
            }
            for name in file.names {
                if let other = names.updateValue(file.file, forKey: name) {
                    throw refused("it holds the tensor '\(name)', and so does \(other)")
                }
            }
        }
        if let stated = files[0].metadata["split.tensors.count"]?.integer, stated != names.count {
            throw ModelFileError(
                file: files[0].file, reason: "it says that the parts hold \(stated) tensors, and they hold \(names.count)")
        }
        return GGUFFile(joining: files)
    }
}
