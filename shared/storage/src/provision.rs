//! Making the table where nobody did: on one machine, and in tests. On AWS the template does.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};

use crate::store::{Store, StoreError};

/// A table or index's key attributes, both strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyShape {
    /// Attribute of the partition key.
    pub partition: String,
    /// Attribute of the sort key.
    pub sort: String,
}

/// An index over the table that holds only keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexShape {
    /// What queries call it.
    pub name: String,
    /// Its keys.
    pub key: KeyShape,
}

/// What the template says of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    /// Its keys.
    pub key: KeyShape,
    /// Its indexes.
    pub indexes: Vec<IndexShape>,
    /// The attribute that says when an item may go.
    pub expires: Option<String>,
}

impl Store {
    /// Makes the table; one that is there already is left as it is.
    pub async fn create_table(&self, shape: &TableShape) -> Result<(), StoreError> {
        let keys = std::iter::once(&shape.key).chain(shape.indexes.iter().map(|index| &index.key));
        let mut names: Vec<&String> = keys.flat_map(|key| [&key.partition, &key.sort]).collect();
        names.sort();
        names.dedup();
        let mut call =
            self.client.create_table().table_name(&*self.table).billing_mode(BillingMode::PayPerRequest);
        for name in names {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            call = call.attribute_definitions(attribute.attribute_type(ScalarAttributeType::S).build()?);
        }
        call = call.set_key_schema(Some(schema(&shape.key)?));
        for index in &shape.indexes {
            let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
            let index = GlobalSecondaryIndex::builder()
                .index_name(&index.name)
                .set_key_schema(Some(schema(&index.key)?))
                .projection(keys_only);
            call = call.global_secondary_indexes(index.build()?);
        }
        match call.send().await {
            Ok(_) => {}
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception()) =>
            {
                // Its maker may have been stopped before the next step.
            }
            Err(error) => return Err(StoreError::call(&error)),
        }
        let Some(expires) = &shape.expires else { return Ok(()) };
        let described = self.client.describe_time_to_live().table_name(&*self.table).send().await;
        let described = described.map_err(|error| StoreError::call(&error))?.time_to_live_description;
        if described.is_some_and(|it| it.attribute_name.is_some()) {
            return Ok(());
        }
        let live = TimeToLiveSpecification::builder().attribute_name(expires).enabled(true).build()?;
        let call =
            self.client.update_time_to_live().table_name(&*self.table).time_to_live_specification(live);
        call.send().await.map(drop).map_err(|error| StoreError::call(&error))
    }
}

fn schema(key: &KeyShape) -> Result<Vec<KeySchemaElement>, StoreError> {
    [(&key.partition, KeyType::Hash), (&key.sort, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?))
        .collect()
}
