import BuildModel
import Foundation
import Store

extension OriginFetcher {
    /// Fetches an origin's files into a store, whatever they are: what a lock file then pins.
    ///
    /// - Throws: `FetchError` where they cannot be had.
    package func fetch(_ origin: FixedOutput.Origin, into store: Store) async throws -> Artifact {
        let scratch = try await store.awaitScratch(for: Digest(hashing: "\(origin)"))
        defer { scratch.remove() }
        let directory = try scratch.place(for: "files")
        return Artifact(
            files: try await fetch(origin, into: directory).map { path in
                let imported = try store.importFile(at: directory.appending(path: path).path)
                return Artifact.File(path: path, size: imported.size, digest: imported.digest)
            })
    }

    /// Fetches pinned files into a store. None is taken in before all have the bytes that are pinned.
    ///
    /// - Throws: `FetchError` where they cannot be had, or are others.
    package func fetch(_ source: FixedOutput, into store: Store) async throws -> Artifact {
        let scratch = try await store.awaitScratch(for: Digest(hashing: "\(source)"))
        defer { scratch.remove() }
        let directory = try scratch.place(for: "files")
        let fetched = try await fetch(source.origin, into: directory)
        let paths = try source.sources(among: fetched).map { directory.appending(path: $0).path }
        for (file, path) in zip(source.files, paths) {
            let found = try store.digest(ofFileAt: path)
            guard found == file.digest else {
                throw FetchError(
                    "\(source.label(of: file)) gave other bytes than the recipe pins: sha256 is \(found), the recipe says "
                        + "\(file.digest)")
            }
        }
        return Artifact(
            files: try zip(source.files, paths).map { file, path in
                let imported = try store.importFile(at: path)
                return Artifact.File(path: file.path, size: imported.size, digest: imported.digest)
            })
    }
}

extension FixedOutput.Origin {
    /// The commit, branch or tag of a repository; `nil` for what has none.
    package var revision: String? {
        switch self {
        case .git(_, let revision, _), .huggingFace(_, let revision, _): revision
        case .path, .url, .pypi: nil
        }
    }
}

extension FixedOutput {
    /// Which fetched file each pinned file is: the only one there is where one is pinned, whatever its name, else the one of
    /// the same path.
    ///
    /// - Returns: paths of fetched files, in the order of `files`.
    func sources(among fetched: [String]) throws(FetchError) -> [String] {
        if files.count == 1 {
            guard let only = fetched.first, fetched.count == 1 else {
                throw FetchError(
                    "\(origin.label) gives several files where one is pinned; choose one with `member`: "
                        + FetchError.list(fetched))
            }
            return [only]
        }
        for file in files where !fetched.contains(file.path) {
            throw FetchError("\(origin.label) gives no file \(file.path); it gives \(FetchError.list(fetched))")
        }
        return files.map(\.path)
    }

    /// A pinned file in words, for a message about its bytes.
    func label(of file: File) -> String { files.count == 1 ? origin.label : "\(file.path) of \(origin.label)" }
}
