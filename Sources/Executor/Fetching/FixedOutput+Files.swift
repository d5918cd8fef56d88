import BuildModel

extension FixedOutput {
    /// Which fetched file each pinned file is: the only one there is where one is pinned, whatever its name, else the one of
    /// the same path.
    ///
    /// - Returns: paths of fetched files, in the order of `files`.
    func sources(among fetched: [String]) throws(FetchError) -> [String] {
        if files.count == 1 {
            guard let only = fetched.first, fetched.count == 1 else {
                throw .severalMembers(origin: origin.label, members: fetched)
            }
            return [only]
        }
        for file in files where !fetched.contains(file.path) {
            throw .missingFile(origin: origin.label, path: file.path, there: fetched)
        }
        return files.map(\.path)
    }

    /// A pinned file in words, for a message about its bytes.
    func label(of file: File) -> String { files.count == 1 ? origin.label : "\(file.path) of \(origin.label)" }
}
