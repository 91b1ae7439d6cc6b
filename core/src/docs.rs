//! Documents of the repository: guide, architecture, benchmarks, what is known of searchd.

/// Makes a module of each document. Definitions that come first win, so links between the files
/// lead to these modules here, and to the files elsewhere.
macro_rules! documents {
    ($($name:ident: $file:literal,)*) => {
        $(
            #[doc = "[guide]: crate::docs::guide"]
            #[doc = "[behaviour]: crate::docs::behaviour"]
            #[doc = "[architecture]: crate::docs::architecture"]
            #[doc = "[benchmarks]: crate::docs::benchmarks"]
            #[doc = "[spec]: crate::docs::spec"]
            #[doc = "[protocol]: crate::docs::protocol"]
            #[doc = "[distributed]: crate::docs::distributed"]
            #[doc = "[daemons]: crate::docs::daemons"]
            #[doc = "[udf]: crate::docs::udf"]
            #[doc = ""]
            #[doc = include_str!($file)]
            pub mod $name {}
        )*
    };
}

documents! {
    guide: "../docs/guide.md",
    behaviour: "../docs/behaviour.md",
    architecture: "../docs/architecture.md",
    benchmarks: "../docs/benchmarks.md",
    spec: "../docs/spec/README.md",
    protocol: "../docs/spec/protocol.md",
    distributed: "../docs/spec/distributed.md",
    daemons: "../docs/spec/daemons.md",
    udf: "../docs/spec/udf.md",
}
