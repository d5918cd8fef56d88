extension Store {
    /// The tag of a name; `nil` where there is none.
    package func tag(_ name: String) throws(StoreError) -> Tag? {
        try repository.withLock { repository throws(StoreError) in
            GitRepository.isValid(reference: GitRepository.tags + name) ? try repository.tag(name) : nil
        }
    }

    /// All tags, sorted by name.
    package func tags() throws(StoreError) -> [Tag] {
        try repository.withLock { repository throws(StoreError) in
            var tags: [Tag] = []
            for reference in try repository.references(startingWith: GitRepository.tags) {
                if let tag = try repository.tag(String(reference.dropFirst(GitRepository.tags.count))) { tags.append(tag) }
            }
            return tags
        }
    }

    /// Makes an annotated tag of a commit. What it names, a garbage collector keeps.
    ///
    /// - Parameter replacing: whether a tag of this name is replaced.
    /// - Returns: whether it was made; a tag of this name that is not to be replaced stays.
    package func makeTag(
        _ name: String, of commit: CommitID, message: String, replacing: Bool, signer: (any CommitSigner)? = nil
    ) throws(StoreError) -> Bool {
        try repository.withLock { repository throws(StoreError) in
            try layout.writing { () throws(StoreError) in
                let tag = try repository.writeTag(name, of: commit, message: message, signer: signer)
                return try repository.setTag(name, to: tag, replacing: replacing)
            }
        }
    }

    package func deleteTag(_ name: String) throws(StoreError) {
        try repository.withLock { repository throws(StoreError) in
            try layout.writing { () throws(StoreError) in try repository.removeTag(name) }
        }
    }

    /// Whether git takes a name for a tag.
    package static func isValid(tag name: String) -> Bool {
        // The last that git refuses and libgit2 lets pass is the control character 127.
        !name.hasPrefix("-") && !name.unicodeScalars.contains("\u{7F}")
            && GitRepository.isValid(reference: GitRepository.tags + name)
    }
}
